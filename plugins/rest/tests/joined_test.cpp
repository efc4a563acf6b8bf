#include "../adapter.hpp"
#include "accounts.hpp"

#include <memory>

namespace {

/// A plugin that talks to its supplier by an API, or in another way of its own.
class TwoWays final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "two-ways", .version = "1"};
    static sdk::Schema settings() {
        return rest::RestAdapter::rest_settings(sdk::Schema{}.choice("mode", "which", {"api", "post"}), rest::Way{"mode", "api"});
    }
    explicit TwoWays(const sdk::Host& host) {
        if (host.settings().text("mode") == "api") { api_ = std::make_unique<rest::RestAdapter>(host); }
    }
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        return api_ ? api_->create_order(order, host) : sdk::Submission{.reason = "by post"};
    }

private:
    std::unique_ptr<rest::RestAdapter> api_;
};

constexpr auto two_ways = sdk::detail::descriptor<TwoWays>(&sdk::detail::supplier_interface<TwoWays>);

void serves_beside_another_way() {
    const auto plugin = testing::Plugin::from(two_ways);
    constexpr const char* order = R"({"reference":"R","effect_key":"k","order":{}})";
    testing::FakeHost post;
    auto by_post = plugin.start(R"({"mode":"post"})").call("create_order", order, post);
    testing::expect_equal(by_post.document.text("reason").value_or(""), "by post");

    auto settings = minimal();
    settings.set("mode", "api");
    testing::FakeHost api;
    api.answer(201, R"({"id":"S"})");
    const auto by_api = plugin.start(settings).call("create_order", order, api);
    testing::expect_equal(by_api.document.text("supplier_order_id").value_or(""), "S");

    const auto without = testing::expect_throws(
        [&] { (void)plugin.start(R"({"base_url":"https://x.example","mode":"api","auth":{"kind":"none"}})"); });
    testing::expect(without.find("\"create_order\" is missing") != std::string::npos, without);
    const auto open = testing::expect_throws(
        [&] { (void)plugin.start(R"({"base_url":"https://x.example","mode":"api","create_order":{"path":"/o"}})"); });
    testing::expect(open.find("the setting \"auth\" is missing") != std::string::npos, open);
}

}  // namespace

void add_joined_tests(testing::Suite& suite) {
    suite.test("another plugin can be made of it that has a second way to its supplier", serves_beside_another_way);
}
