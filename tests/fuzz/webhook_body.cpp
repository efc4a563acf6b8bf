// What a supplier may put into a webhook's body, under libFuzzer (`./dev fuzz`): translated by the adapters that read JSON,
// through the C ABI as the worker does it, then read by the engine. No crash; what is told names an order, and the same body says
// the same.
#include "../../plugins/rest/adapter.hpp"
#include "pipeline/evidence.hpp"

#include <crossdock/testing/fake_host.hpp>
#include <crossdock/testing/plugin.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace sdk = crossdock::sdk;
namespace testing = crossdock::sdk::testing;

/// Of plugins/phonex.
extern "C" const xd_plugin crossdock_plugin;

namespace {

class Rest final : public rest::RestAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "rest", .version = "1"};
    static sdk::Schema settings() { return rest_settings(sdk::Schema{}); }
    using RestAdapter::RestAdapter;
};

constexpr auto rest_plugin = sdk::detail::descriptor<Rest>(&sdk::detail::supplier_interface<Rest>);

/// Lone paths only: anything else is jq's to evaluate, which is not here.
constexpr const char* rest_account = R"({"base_url":"https://a.example","auth":{"kind":"none"},
    "create_order":{"path":"/o"},
    "handle_webhook":{"skip_if":"${{ .body.skip }}","each":"${{ .body.all }}","evidence":{"event":"${{ .item.event }}",
        "reference":"${{ .item.ref }}","supplier_order_id":"${{ .item.id }}","status":"${{ .item.state }}",
        "tracking_number":"${{ .item.track }}","parcel":"${{ .item.box[0] }}","carrier":"by ${{ .item.by }}","occurred_at":"${{ .item.at }}",
        "lines":{"each":"${{ .item.lines }}","sku":"${{ .item.sku }}","state":"${{ .item.state }}","quantity":"${{ .item.n }}",
            "states":{"shipped":["OUT","SENT"],"backordered":"BO"}},
        "parcels":{"each":"${{ .item.parcels }}","status":"${{ .item.state }}","tracking_number":"${{ .item.track }}",
            "lines":{"each":"${{ .item.in }}","sku":"${{ .item.sku }}","state":"shipped","quantity":"${{ .item.n }}"}}}}})";

std::array<testing::Instance, 2>& adapters() {
    static std::array<testing::Instance, 2> all{
        testing::Plugin::from(crossdock_plugin).start(R"({"base_url":"https://a.example","api_key":"canary-key"})"),
        testing::Plugin::from(rest_plugin).start(rest_account)};
    return all;
}

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
}

testing::Answer told(testing::Instance& adapter, const std::string& body) {
    sdk::Json input = sdk::Json::object();
    input.set("body", body).set("headers", sdk::Json::object());
    testing::FakeHost host;
    return adapter.call("handle_webhook", input, host);
}

void look_at(const sdk::Json& one) {
    if (one.text("reference").value_or("").empty() && one.text("supplier_order_id").value_or("").empty()) {
        fail("evidence of no order");
    }
    if (one.text("supplier_status").value_or("").empty()) { fail("evidence without a status"); }
    const auto* lines = one.find("lines");
    if (lines == nullptr) { return; }
    if (lines->items().empty()) { fail("an empty list of pieces"); }
    for (const auto& line : lines->items()) {
        if (!line.find("quantity")->integer()) { fail("pieces without a number"); }
    }
}

}  // namespace

/// The first byte chooses the adapter; the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) { return 0; }
    auto& adapter = adapters().at(data[0] % adapters().size());
    const std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
    if (!crossdock::is_utf8(body)) { return 0; }  // the engine hands over no such text
    const auto answer = told(adapter, body);
    if (!answer.ok()) {
        if (answer.fault.empty()) { fail("a refusal without a reason"); }
        return 0;
    }
    const auto* evidence = answer.document.find("evidence");
    if (evidence == nullptr || !evidence->is_array()) { fail("an answer without evidence"); }
    for (const auto& one : evidence->items()) { look_at(one); }
    const auto text = evidence->dump();
    if (told(adapter, body).document.find("evidence")->dump() != text) { fail("the same body says something else"); }
    const auto list = crossdock::Json::parse(text, {.bytes_max = 64 << 20, .depth_max = 90});
    if (!list) { fail("the engine cannot read the evidence: " + list.error().text()); }
    const auto read = crossdock::pipeline::read_evidence(*list, {});
    if (!read && read.error().text().empty()) { fail("a refusal by the engine without a reason"); }
    if (read && read->size() != evidence->items().size()) { fail("evidence that the engine lost"); }
    return 0;
}
