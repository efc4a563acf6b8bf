#pragma once

#include "base/scratch_folder.hpp"
#include "base/unique_fd.hpp"
#include "check/dialect.hpp"
#include "check/plugin_bench.hpp"
#include "check/trouble.hpp"
#include "check/untrusted_tls.hpp"
#include "check/world.hpp"
#include "http/server.hpp"
#include "sandbox/mail_sink.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::check {

/// What is tried, and how patiently.
struct Subject {
    std::filesystem::path library;
    Dialect dialect = {};
    plugin::Manifest manifest = {};
    std::filesystem::path cassettes = {};  ///< the folder that the dialect was learned from
    milliseconds patience{10'000};         ///< for one call
    std::uint64_t seed = 1;
    std::optional<BootMs> deadline = {};  ///< of the case under way: Overdue is thrown

    [[nodiscard]] bool offers(std::string_view operation) const;
    /// The strongest effect class that the manifest says; unsafe when it says nothing.
    [[nodiscard]] std::string strongest(std::string_view operation) const;
};

/// One call of the plugin, as it looks from outside.
struct Seen {
    std::string operation;
    Trouble trouble = Trouble::none;
    InPlay order = {};
    plugin::CallAnswer answer = {};
    bool worker_died = false;
    Json rows = Json::array();           ///< that sync_inventory handed over
    std::vector<Arrival> arrivals = {};  ///< while the call ran; none when others ran beside it
    std::size_t mails = 0;               ///< that the mail sink has stored by then
    milliseconds took{0};
    Values values = {};  ///< what the cassettes' placeholders stand for

    [[nodiscard]] bool answered() const { return answer.status == plugin::CallStatus::answered; }
};

using plugin::is_effect;

/// The stage of one case: a worker process of its own with the plugin in it, and a hostile sandbox that it talks to.
///
/// Threads: one. Lifetime: the subject outlives it.
class Stage {
public:
    struct Setup {
        Trouble trouble = Trouble::none;
        std::size_t trouble_from = 0;
        bool honours_keys = false;
        milliseconds latency{0};
        std::optional<milliseconds> request_timeout = {};  ///< of one HTTP or SMTP exchange; else as the trouble wants it
        Json settings = Json::object();                    ///< instead of what would be given, by name; null leaves one out
        std::string url_suffix = {};                       ///< behind each url setting
    };

    /// Errors: the plugin does not start, no port is free.
    [[nodiscard]] static Result<std::unique_ptr<Stage>> open(const Subject& subject, Setup setup);
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    [[nodiscard]] World& world() { return *world_; }
    [[nodiscard]] PluginBench& bench() { return *bench_; }
    [[nodiscard]] const Subject& subject() const { return subject_; }
    [[nodiscard]] std::size_t tls_believed() const { return tls_ ? tls_->believed() : 0; }

    /// The order that the cassettes speak of, n further: another reference, another key.
    [[nodiscard]] InPlay order(std::size_t n) const;
    /// The cassette's input, speaking of that order. Requires that there is an example of the operation.
    [[nodiscard]] Json input(std::string_view operation, const InPlay& order) const;

    /// The sandbox knows the order, and has placed it.
    void have_placed(const InPlay& order);
    /// The sandbox knows the order; but for create_order it has placed it.
    void prepare(std::string_view operation, const InPlay& order);

    struct Ask {
        std::string operation;
        Json input;
        InPlay order = {};
    };
    [[nodiscard]] Seen call(const Ask& ask) { return std::move(call_all({ask}, true).front()); }
    [[nodiscard]] Seen call(std::string_view operation, const InPlay& order) {
        return call(Ask{std::string(operation), input(operation, order), order});
    }
    /// At once; with several, arrivals cannot be told apart and are left out.
    [[nodiscard]] std::vector<Seen> call_all(const std::vector<Ask>& asks, bool record);

    /// What worker and plugin have printed so far.
    [[nodiscard]] std::string printed() const;
    /// The secret settings that the plugin was given: name and value.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& secrets() const { return secrets_; }

private:
    Stage(const Subject& subject, Setup setup, ScratchFolder folder);
    [[nodiscard]] Result<> raise();
    [[nodiscard]] Result<> raise_peers();
    [[nodiscard]] Json settings();
    [[nodiscard]] Json setting(const Json& row, const Json* recorded);

    const Subject& subject_;
    Setup setup_;
    ScratchFolder folder_;
    UniqueFd output_;
    std::unique_ptr<PluginBench> bench_;
    std::shared_ptr<World> world_;
    std::unique_ptr<http::Server> server_;
    std::unique_ptr<sandbox::MailSink> mail_;
    std::unique_ptr<UntrustedTls> tls_;
    std::vector<std::pair<std::string, std::string>> secrets_;
    std::vector<FolderGrant> grants_;
};

}  // namespace crossdock::check
