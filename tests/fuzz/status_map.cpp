// What may stand in a supplier's file, under libFuzzer (`./dev fuzz`): no crash, a fault has its place, and whatever is taken
// maps words to statuses that there are.
#include "config/parts.hpp"
#include "model/status.hpp"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace crossdock;

namespace {

constexpr const char* file = "supplier.yaml";
constexpr const char* head = "account: acme\nplugin: acme\napi_endpoint: https://api.acme.example\n";

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
}

/// A folder with a plugin file, which accounts name.
const std::filesystem::path& plugins() {
    static const std::filesystem::path made = [] {
        auto folder = std::filesystem::temp_directory_path() / ("crossdock-fuzz-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "libacme.so") << "";
        std::atexit([] { std::filesystem::remove_all(plugins()); });
        return folder;
    }();
    return made;
}

bool is_stage(const std::string& word) {
    return word.empty() || word == "awaiting" || word == "received";
}

void look_at(const app::AccountConfig& account) {
    for (const auto& [word, status] : account.statuses) {
        if (!model::status_named(status)) { fail("the word \"" + word + "\" is mapped to no status: " + status); }
    }
    for (const auto& [word, beside] : account.beside) {
        if (!account.statuses.contains(word)) { fail("a word without a status"); }
        if (!is_stage(beside.payment) || !is_stage(beside.quote)) { fail("a stage that there is not"); }
    }
    for (const int status : account.refused) {
        for (const int other : account.not_processed) {
            if (status == other) { fail("a status that means two things"); }
        }
    }
    if (account.poll && account.poll->every_max < account.poll->every) { fail("a pattern that makes no sense"); }
}

}  // namespace

/// What stands below the first three lines of a supplier file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text = head + std::string(reinterpret_cast<const char*>(data), size);
    const auto root = yaml::read(text, file);
    if (!root) {
        if (!root.error().where.starts_with(file)) { fail("a fault without its place: " + root.error().text()); }
        return 0;
    }
    yaml::Checks checks(file);
    const std::vector<std::filesystem::path> folders{plugins()};
    app::Part part{checks, plugins(), folders};
    const auto read = app::read_account(part, *root);
    if (checks.ok()) { look_at(read.account); }
    else if (checks.fault().what.empty() || checks.fault().where.empty()) { fail("a fault without text or place"); }
    return 0;
}
