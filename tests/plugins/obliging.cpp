#include <crossdock/sdk.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>

extern char** environ;

/// The last piece of memory that was lost on purpose.
std::string* volatile leaked = nullptr;

namespace sdk = crossdock::sdk;

/// Does to itself what the order's "do" asks for.
class Obliging final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "obliging", .version = "0.1.0", .create_order = sdk::EffectClass::lookup};

    static sdk::Schema settings() {
        return sdk::Schema{}
            .text("greeting", "Said in each answer", "hello")
            .integer("rows", "How many inventory rows there are", 3)
            .secret("token", "Never to be seen")
            .optional();
    }

    explicit Obliging(const sdk::Host& host) : settings_(host.settings()) {
        if (settings_.need_text("greeting") == "die") { std::raise(SIGABRT); }
        if (settings_.need_text("greeting") == "evaluate") { (void)host.evaluate("1", sdk::Json()); }
        if (settings_.need_text("greeting") == "refuse") { throw std::runtime_error("the greeting is not to my taste"); }
    }

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        const auto wish = order.document.text("do").value_or("");
        sdk::Submission made{.transport = sdk::Transport::answered, .status = 201};
        if (wish == "crash") { std::raise(SIGSEGV); }
        if (wish == "exit") { ::_exit(7); }
        if (wish == "hang") { hang(host, false); }
        if (wish == "hang until canceled") { hang(host, true); }
        if (wish == "answer when canceled") {
            while (!host.canceled()) { ::usleep(10'000); }
            made.reason = "too late to stop";
        }
        if (wish == "throw") { throw std::runtime_error("as asked, token " + host.find_secret("token").value_or("")); }
        if (wish == "throw an int") { throw 42; }
        if (wish == "echo") { made.reason = order.document.dump(); }
        if (wish == "greet") { made.reason = settings_.need_text("greeting"); }
        if (wish == "environment") { made.reason = facts(); }
        if (wish == "secret") { made.reason = host.find_secret("token").value_or("none") + " and " + settings_.dump(); }
        if (wish == "leak") { leaked = new std::string(2048, 'x'); }
        if (wish == "later") { throw sdk::RetryLater("the supplier is busy", 7'000); }
        if (wish == "evaluate") { made.reason = evaluate(order.document, host); }
        if (wish == "post and evaluate") {
            made = post(order, host);
            made.reason = evaluate(order.document, host);
        }
        if (wish == "sign") {
            made.reason = sdk::hex(host.hmac_sha256(order.document.need_text("key"), order.document.need_text("data")));
        }
        if (wish == "files") { made.reason = use_files(order.document, host); }
        if (wish == "post") { return post(order, host); }
        if (wish == "post twice") {
            post(order, host);
            return post(order, host);
        }
        if (wish == "post and throw") {
            post(order, host);
            throw std::runtime_error("after the fact");
        }
        if (wish == "post and deny") {
            post(order, host);
            made.transport = sdk::Transport::not_sent;
        }
        return made;
    }

    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& /*host*/) override {
        for (std::int64_t i = 0; i < settings_.need_integer("rows"); ++i) {
            sink.emit({{.sku = "SKU-" + std::to_string(i), .name = "n", .quantity = i, .price = "231.00", .currency = "USD"}});
        }
        return "none";
    }

private:
    static sdk::Submission post(const sdk::Order& order, sdk::Host& host) {
        return sdk::Submission::from(host.http().post(order.document.need_text("url"), order.document), {.id = "/id"});
    }
    static void hang(sdk::Host& host, bool politely) {
        while (true) {
            if (!politely) { ::pause(); }
            else if (host.canceled()) { throw sdk::Canceled(); }
            else { ::usleep(10'000); }
        }
    }
    /// The order's document, or a text of its `size`.
    static sdk::Json document_of(const sdk::Json& order) {
        if (order.find("size") != nullptr) {
            return sdk::Json(std::string(static_cast<std::size_t>(order.need_integer("size")), 'x'));
        }
        const auto* document = order.find("document");
        return document == nullptr ? sdk::Json() : *document;
    }
    /// What the order's expression gives for its document, `times` times, or the host's words when the order says `catch`.
    static std::string evaluate(const sdk::Json& order, sdk::Host& host) {
        const auto document = document_of(order);
        const auto* times = order.find("times");
        std::string last;
        try {
            for (std::int64_t i = 0; i < (times == nullptr ? 1 : times->integer().value_or(1)); ++i) {
                last = host.evaluate(order.need_text("expression"), document).dump();
            }
        } catch (const std::runtime_error& error) {
            if (order.find("catch") == nullptr) { throw; }
            last = std::string("caught: ") + error.what();
        }
        return last;
    }
    /// Does what the order says with the account's files, and answers what there is then.
    static std::string use_files(const sdk::Json& order, sdk::Host& host) {
        const auto files = host.files();
        if (const auto name = order.text("write")) { files.write(*name, order.text("content").value_or("")); }
        if (const auto name = order.text("remove")) { return files.remove(*name) ? "removed" : "none"; }
        if (const auto name = order.text("read")) { return files.read(*name).value_or("none"); }
        std::string list;
        for (const auto& name : files.list()) { list += (list.empty() ? "" : ",") + name; }
        return list;
    }
    /// What a plugin finds around itself.
    static std::string facts() {
        std::string found = environ[0] == nullptr ? "no environment" : environ[0];
        for (int fd = 5; fd < 256; ++fd) {
            if (::fcntl(fd, F_GETFD) != -1) { found += ", descriptor " + std::to_string(fd); }
        }
        return found;
    }

    sdk::Json settings_;
};

CROSSDOCK_EXPORT_SUPPLIER(Obliging)
