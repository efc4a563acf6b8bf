#pragma once

#include "app/demo_rig.hpp"
#include "support/temporary_folder.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace crossdock::system_tests {

/// Written where a secret may not stand; its message must not repeat it.
inline constexpr const char* secret_in_a_config = "hunter2-in-the-config";

/// What came back for a bad input: an HTTP status ("422") or an exit code ("exit 3"), and all that its sender could read.
struct Seen {
    std::string status;
    std::string text;
};

/// The processes that the bad inputs are given to. Errors: what cannot be set up throws.
class House {
public:
    House();

    /// A rig whose daemon, supplier and mail sink run. Its supplier accepts orders and then stays silent.
    [[nodiscard]] app::DemoRig& running() { return *running_; }
    /// A rig whose store is there and whose daemon does not run.
    [[nodiscard]] app::DemoRig& idle() { return *idle_; }
    /// The orders that were placed on purpose; no other may be in the store.
    [[nodiscard]] const std::set<std::string>& placed() const { return placed_; }

    /// Makes a valid order of the running rig. Throws when it is not answered with 202.
    void place(const std::string& order_id, const std::vector<http::Header>& headers = {});
    /// An exchange with the running daemon. No key and no media type unless given.
    [[nodiscard]] Seen http(const std::string& method, const std::string& target, const std::vector<http::Header>& headers,
                            const std::string& body = "");
    /// Posts an order document with the rig's key.
    [[nodiscard]] Seen post(const std::string& body, const std::vector<http::Header>& headers = {});
    /// Posts a webhook to the account phonex, signed as its supplier signs.
    [[nodiscard]] Seen webhook(const std::string& body);
    /// Waits until the webhook of that body stands in one of the states; its line in `webhook list`: state and reason.
    [[nodiscard]] std::string webhook_state(const std::string& body, const std::set<std::string>& states);
    /// Makes a key of the running rig and answers its token.
    [[nodiscard]] std::string make_key(const std::string& name, const std::string& scopes, const std::string& customer = "");
    /// Letters of a length that no earlier call answered, so that a body can be told by its size.
    [[nodiscard]] std::string padding() { return std::string(++paddings_, 'x'); }

    /// Runs `crossdock ARGUMENTS` to its end, with the idle rig's secrets and `environment` in its environment.
    [[nodiscard]] Seen run(std::vector<std::string> arguments, std::vector<std::string> environment = {});
    [[nodiscard]] std::filesystem::path new_folder();
    /// What no message may hold.
    [[nodiscard]] std::vector<std::string> secrets() const;

private:
    support::TemporaryFolder folder_;
    std::unique_ptr<app::DemoRig> running_;
    std::unique_ptr<app::DemoRig> idle_;
    std::set<std::string> placed_;
    std::size_t paddings_ = 0;
    int folders_ = 0;
};

/// A copy of the idle rig's config that is spoiled and then started.
class Trial {
public:
    explicit Trial(House& house);

    [[nodiscard]] std::filesystem::path config() const { return folder_ / "config" / "crossdock.yaml"; }
    [[nodiscard]] std::filesystem::path supplier() const { return folder_ / "config" / "suppliers" / "phonex.yaml"; }
    [[nodiscard]] std::filesystem::path data() const { return folder_ / "data"; }
    /// A copy of the shipped pipeline order-forward, which the config then names.
    [[nodiscard]] std::filesystem::path pipeline();
    /// Takes the idle rig's store and sealing key over.
    void copy_store();

    /// Replaces the first `from`. Throws when the file has none: then the row provokes nothing.
    static void edit(const std::filesystem::path& file, const std::string& from, const std::string& to);
    [[nodiscard]] Seen serve(const std::vector<std::string>& arguments = {}, const std::vector<std::string>& environment = {});
    /// What lint says; when serve ends otherwise, the status names both: what lints, starts.
    [[nodiscard]] Seen lint_and_serve();

private:
    House& house_;
    std::filesystem::path folder_;
};

/// One bad input: the name of its row in docs/reference/errors.md, and how it is given.
struct BadInput {
    std::string name;
    std::function<Seen(House&)> give;
};

[[nodiscard]] std::vector<BadInput> order_rows();
[[nodiscard]] std::vector<BadInput> webhook_rows();
[[nodiscard]] std::vector<BadInput> config_rows();
[[nodiscard]] std::vector<BadInput> start_rows();
[[nodiscard]] std::vector<BadInput> command_rows();

/// A valid order document of that id, 231.00 USD times 10.
[[nodiscard]] std::string order_text(const std::string& order_id);
/// The same with one part of its text replaced. Throws when it has no such part.
[[nodiscard]] std::string order_with(const std::string& from, const std::string& to);

/// Waits with a deadline; throws when it passes.
void wait_for(const std::string& what, const std::function<bool()>& done);

[[nodiscard]] std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, const std::string& text);

}  // namespace crossdock::system_tests
