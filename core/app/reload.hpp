#pragma once

#include "app/serving.hpp"

#include <functional>
#include <vector>

namespace crossdock::app {

/// Reads the daemon's config again, with what the command line said stronger. Errors: as load_config.
using ReadConfig = std::function<Result<Config>()>;

struct Reloaded {
    std::vector<Fault> faults;  ///< why it was refused; then everything is as it was
    Json report;  ///< {"pipelines":{"added","changed","removed"},"workers":{"added","replaced","removed"}}, each a list of names
};

/// `crossdock reload` and SIGHUP: reads config, supplier files, secrets, pipelines and templates anew, and looks whether plugin
/// files have changed. All or nothing: a worker is started beside each one that is to be replaced, and only when all of them
/// have shaken hands and the commit stands, everything goes by the new setup.
/// Runs keep their revision. An order that may have left stays with the plugin that sent it, which is kept until it is settled.
/// Requires: the engine has started; one reload at a time.
Task<Reloaded> reload(Serving& serving, ReadConfig read_config);

/// What `reload` has done, in lines for a person.
[[nodiscard]] std::string reload_text(const Json& report);

}  // namespace crossdock::app
