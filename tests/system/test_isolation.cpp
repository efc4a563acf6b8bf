// What the daemon and `doctor` say of a kernel that can, or cannot, keep plugins from secrets.
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace crossdock::tests {
namespace {

constexpr std::string_view weak = "crash-isolated, not secret-isolated: ";
constexpr const char* lacking =
    "no Landlock: the kernel, or a container around it, does not have it; "
    "no system call filter: the kernel, or a container around it, does not have seccomp";

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) { ++found; }
    return found;
}

app::RigOptions on_old_kernel() {
    app::RigOptions options;
    options.program = OLD_KERNEL_PROGRAM;
    return options;
}

}  // namespace

TEST_CASE("on a kernel that cannot hide secrets from plugins the daemon works, and says so once", "[system]") {
    MainJob job(on_old_kernel());
    job.run_seed_order();
    const auto log = job.log("daemon");
    CHECK(count(log, weak) == 1);
    CHECK(log.find("warning " + std::string(weak) + lacking) != std::string::npos);
}

TEST_CASE("on a kernel that hides secrets from plugins the daemon has nothing to say of it", "[system]") {
    MainJob job({});
    const auto doctor = job.rig().crossdock({"doctor"});
    if (doctor.exit_code != 0) {
        WARN("skipped: " << doctor.out);
        return;
    }
    CHECK(doctor.out.starts_with("ok   worker confinement: plugins are secret-isolated (Landlock "));
    job.start_world();
    job.start_daemon();
    CHECK(count(job.log("daemon"), weak) == 0);
}

TEST_CASE("doctor names what the kernel lacks, for people and for programs", "[system]") {
    MainJob job(on_old_kernel());
    const auto people = job.rig().crossdock({"doctor"});
    CHECK(people.exit_code == 1);
    CHECK(people.out == "weak worker confinement: plugins are " + std::string(weak) + lacking + "\n");
    const auto programs = job.rig().crossdock({"doctor", "--json"});
    CHECK(programs.exit_code == 1);
    const auto said = Json::parse(programs.out);
    REQUIRE(said.has_value());
    CHECK_FALSE(said->boolean("ok", true));
    const auto& check = said->find("checks")->items().front();
    CHECK(check.text("name") == "worker confinement");
    CHECK(check.text("text") == std::string(weak) + lacking);
    CHECK(check.find("confinement")->integer("landlock", -1) == 0);
}

TEST_CASE("a strict config does not start on a kernel that cannot hide secrets from plugins", "[system]") {
    auto options = on_old_kernel();
    options.edit_config = [](std::string text) { return text + "\nworkers: { confinement: strict }\n"; };
    MainJob job(std::move(options));
    const auto refused = job.rig().crossdock({"serve"});
    CHECK(refused.exit_code == 3);
    CHECK(refused.err.find(std::string(weak) + lacking + "; `confinement: strict` in the config forbids that") !=
          std::string::npos);
}

}  // namespace crossdock::tests
