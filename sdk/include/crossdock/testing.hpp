#pragma once

/// Everything that the tests of a plugin need: no network, no other library. Link with crossdock_add_plugin_test.
///
///   Plugin, Instance   the plugin through the C ABI, called as the engine calls it
///   FakeHost           its host: settings, secrets, scripted answers, clock, log, files, rows, cancellation
///   Cassette, play     recorded operations, played back strictly
///   Suite, expect      a runner
#include <crossdock/testing/cassette.hpp>
#include <crossdock/testing/compare.hpp>
#include <crossdock/testing/fake_host.hpp>
#include <crossdock/testing/play.hpp>
#include <crossdock/testing/plugin.hpp>
#include <crossdock/testing/settings.hpp>
#include <crossdock/testing/suite.hpp>
#include <crossdock/testing/traffic.hpp>
