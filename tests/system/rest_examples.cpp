#include "system/rest_examples.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

namespace crossdock::tests {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    REQUIRE(text.find(from) != std::string::npos);
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

namespace {

/// The shipped file with the sandbox's address, the rig's secrets and times, as the account that the demo's config names. `demo`
/// is the rig's own supplier file: it has the address.
std::string supplier_file(const Example& example, const std::string& demo, const std::string& root) {
    const auto tree = app::shipped_tree();
    REQUIRE(tree.has_value());
    auto text = text_of(*tree / "config" / "suppliers" / "examples" / (std::string(example.name) + ".yaml"));
    const auto at = demo.find("http://127.0.0.1:");
    const auto sandbox = demo.substr(at, demo.find('\n', at) - at);
    replace_all(text, "account: " + std::string(example.account), "account: phonex");
    replace_all(text, example.endpoint, sandbox + example.at_sandbox);
    if (text.find(root) != std::string::npos) { replace_all(text, root, sandbox); }
    for (const char* const name : {"NORTHGATE_CLIENT_SECRET", "KONTOR_PASSWORD", "WESELLCELLULAR_API_KEY"}) {
        if (text.find(name) != std::string::npos) { replace_all(text, name, "CROSSDOCK_DEMO_PHONEX_KEY"); }
    }
    for (const char* const name : {"NORTHGATE_WEBHOOK_SECRET", "KONTOR_WEBHOOK_SECRET", "WESELLCELLULAR_WEBHOOK_SECRET"}) {
        if (text.find(name) != std::string::npos) { replace_all(text, name, "CROSSDOCK_DEMO_WEBHOOK_SECRET"); }
    }
    replace_all(text, "not_after: 5s", "not_after: 2s");
    replace_all(text, "request_timeout: 10s", "request_timeout: 1500ms");
    replace_all(text, "visible_within: 30s", "visible_within: 500ms");
    if (!example.claims) { text += "operations: { create_order: { class: lookup, visible_within: 500ms } }\n"; }
    return text;
}

}  // namespace

app::RigOptions options_for(const Example& example) {
    const auto tree = app::shipped_tree();
    REQUIRE(tree.has_value());
    app::RigOptions options;
    options.dialect = *tree / "config" / "suppliers" / "examples" / (std::string(example.name) + ".dialect.json");
    options.effect_class = example.effect_class;
    options.supplier_order_ids = {example.first_id};
    options.not_after = milliseconds{2'000};
    options.request_timeout = milliseconds{1'500};
    options.accept_after = milliseconds{150};
    options.ship_after = milliseconds{300};
    options.inventory_every = milliseconds{3'600'000};
    options.edit_supplier = [example](const std::string& demo) {
        return supplier_file(example, demo, "https://api.northgate.example");
    };
    return options;
}

}  // namespace crossdock::tests
