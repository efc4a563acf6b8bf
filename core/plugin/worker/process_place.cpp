#include "process_place.hpp"

#include "base/journal_point.hpp"
#include "base/log.hpp"
#include "base/log_format.hpp"
#include "carrying.hpp"
#include "confinement.hpp"
#include "plugin/folders.hpp"

#include <unistd.h>

namespace crossdock::worker {

Result<Json> ProcessPlace::enter(const Json& hello) {
    const bool carries = hello.boolean("carry");
    Log::set_name((carries ? "carrier " : "worker ") + hello.text("name"));
    if (hello.text("log") == "json") { set_log_format(LogFormat::json); }
    if (hello.boolean("verbose")) { Log::set_level(LogLevel::debug); }
    if (const auto at = hello.text("crash_at"); !at.empty() && !CrashPoint::arm(at)) {
        return Fault{"there is no journal point called " + at};
    }
    const bool inspect = hello.boolean("inspect");
    // Before the library is loaded: its constructors are the plugin's code already.
    Room room{hello.text("library"), inspect ? std::string() : hello.text("folder")};
    room.offline = hello.boolean("shadow");
    if (!inspect) { room.grants = plugin::folders_of(hello.find("grants")); }
    const auto confinement = confine(room);
    if (hello.boolean("strict") && !confinement.secret_isolated()) {
        return Fault{confinement.text() + "; `confinement: strict` in the config forbids that"};
    }
    return confinement.json();
}

Result<Library> ProcessPlace::load(const Json& hello) {
    return load_library(hello.text("library"), hello.text("interface"));
}

int ProcessPlace::carry(int socket, const Json& hello) {
    return serve_exchanges(socket, hello, outbound_);
}

void ProcessPlace::orphaned() {
    ::_exit(0);
}

}  // namespace crossdock::worker
