// An adapter that misbehaves once for each order, in the way that its "metadata.note" says, before anything is sent; then it
// works as it should. For what only the C ABI can do wrong, create_order is wrapped.
#include <crossdock/sdk.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace sdk = crossdock::sdk;

constexpr std::size_t megabyte = 1U << 20U;
constexpr std::size_t ten_gigabytes = 10'240 * megabyte;

/// Deep enough for any stack; the compiler must not make a loop of it.
unsigned overflow(unsigned depth) {
    volatile unsigned frame[1024];
    frame[0] = depth;
    if (depth == ~0U) { return frame[0]; }
    return overflow(depth + 1) + frame[0];
}

void allocate() {
    for (std::size_t done = 0; done < ten_gigabytes; done += megabyte) {
        auto* const block = static_cast<char*>(std::malloc(megabyte));
        if (block == nullptr) { throw std::bad_alloc(); }
        std::memset(block, 1, megabyte);
    }
}

void leak() {
    auto* const block = static_cast<char*>(std::malloc(16 * megabyte));
    if (block != nullptr) { std::memset(block, 1, 16 * megabyte); }
}

void close_everything() {
    for (int fd = 0; fd < 1024; ++fd) { ::close(fd); }
}

void fork_off() {
    if (::fork() == 0) {
        ::sleep(2);
        ::_exit(0);
    }
}

void write_to_stdout() {
    std::printf("{\"type\":\"answer\"}\n");
    std::fflush(stdout);
}

[[noreturn]] void spin() {
    volatile bool wanted = true;
    while (wanted) {}
    std::abort();
}
[[noreturn]] void sleep_for_ever() {
    while (true) { ::sleep(3600); }
}

const std::map<std::string, std::function<void()>>& faults() {
    static const std::map<std::string, std::function<void()>> known{
        {"throws", [] { throw std::runtime_error("thrown as asked"); }},
        {"throws a number", [] { throw 42; }},
        {"aborts", [] { std::abort(); }},
        {"segfaults", [] { std::raise(SIGSEGV); }},
        {"overflows its stack", [] { (void)overflow(0); }},
        {"spins", [] { spin(); }},
        {"sleeps for ever", [] { sleep_for_ever(); }},
        {"leaks", [] { leak(); }},
        {"allocates 10 GB", [] { allocate(); }},
        {"writes to stdout", [] { write_to_stdout(); }},
        {"closes descriptors", [] { close_everything(); }},
        {"exits", [] { std::exit(7); }},
        {"forks", [] { fork_off(); }},
    };
    return known;
}

class Unruly final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "unruly", .version = "1.0.0", .create_order = sdk::EffectClass::lookup};
    static sdk::Schema settings() {
        return sdk::Schema{}
            .url("base_url", "Root of the API")
            .secret("api_key", "Bearer token")
            .text("start", "\"dies\" until there is a file \"healed\"", "well");
    }

    explicit Unruly(const sdk::Host& host) : base_url_(host.settings().need_text("base_url")) {
        if (host.settings().need_text("start") == "dies" && !host.files().read("healed")) { std::abort(); }
    }

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        sdk::Json body = sdk::Json::object();
        body.set("supplier", order.supplier).set("order_id", order.reference).copy(order.document, "customer_id");
        body.copy(order.document, "items").copy(order.document, "shipping_address");
        const auto reply = host.http().post(base_url_ + "/v1/orders", body, {authorization(host)});
        return sdk::Submission::from(reply, {.id = "/supplier_order_id", .status = "/status"}, order.reference);
    }

    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override {
        const auto reply =
            host.http().get(base_url_ + "/v1/orders?reference=" + sdk::url_encoded(reference), {authorization(host)});
        sdk::Lookup found{.transport = reply.transport, .status = reply.status, .exchange = reply.exchange};
        if (!reply.answered(200)) { return found; }
        std::vector<sdk::Lookup::Match> matches;
        const auto body = sdk::Json::parse(reply.body);
        for (const auto& order : body.need_array("orders").items()) {
            if (order.need_text("order_id") != reference) { continue; }
            matches.push_back({order.need_text("supplier_order_id"), order.need_text("status")});
        }
        found.matches = std::move(matches);
        return found;
    }

private:
    static sdk::Header authorization(const sdk::Host& host) { return {"Authorization", "Bearer " + host.secret("api_key")}; }

    std::string base_url_;
};

/// What an order asks for, the first time that it comes here; afterwards nothing.
std::string wish_of(const sdk::Json& input, const xd_host* table) {
    const sdk::Host host(table);
    const auto files = host.files();
    const std::string mark = "met-" + input.need_text("reference");
    if (files.read(mark)) { return {}; }
    files.write(mark, "");
    const auto* order = input.find("order");
    const auto* metadata = order == nullptr ? nullptr : order->find("metadata");
    return metadata == nullptr ? "" : metadata->text("note").value_or("");
}

std::uint32_t answer(const xd_reply* reply, const std::string& document) {
    reply->document(reply->context, {document.data(), document.size()});
    return XD_OK;
}

std::uint32_t create_order(void* instance, const xd_host* host, xd_text input, const xd_reply* reply) {
    const auto well = crossdock::sdk::detail::supplier_table<Unruly>.create_order;
    std::string wish;
    try {
        wish = wish_of(sdk::Json::parse({input.data, input.size}), host);
        if (const auto fault = faults().find(wish); fault != faults().end()) { fault->second(); }
    } catch (const std::exception& error) {
        const std::string what = error.what();
        reply->fault(reply->context, {what.data(), what.size()});
        return XD_FAULT;
    } catch (int number) {
        const std::string what = "an exception that is none: " + std::to_string(number);
        reply->fault(reply->context, {what.data(), what.size()});
        return XD_FAULT;
    }
    if (wish == "answers megabytes") { return answer(reply, "{\"reason\":\"" + std::string(6 * megabyte, 'x') + "\"}"); }
    if (wish == "answers invalid UTF-8") {
        return answer(reply, "{\"transport\":\"not_sent\",\"status\":0,\"reason\":\"\xC3\x28\"}");
    }
    if (wish == "answers no JSON") { return answer(reply, "done"); }
    if (wish == "answers twice") { (void)answer(reply, R"({"transport":"answered","status":201,"supplier_order_id":"FIRST"})"); }
    return well(instance, host, input, reply);
}

constexpr xd_supplier_v1 wrapped() {
    auto table = crossdock::sdk::detail::supplier_table<Unruly>;
    table.create_order = &create_order;
    return table;
}
constexpr xd_supplier_v1 table = wrapped();

const void* interface_named(xd_text id) {
    return std::string_view(id.data, id.size) == CROSSDOCK_SUPPLIER_ID ? &table : nullptr;
}

}  // namespace

extern "C" CROSSDOCK_EXPORT constinit const xd_plugin crossdock_plugin =
    crossdock::sdk::detail::descriptor<Unruly>(&interface_named);
