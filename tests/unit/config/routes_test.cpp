#include "config/config.hpp"
#include "folder.hpp"

using namespace crossdock;
using model::Prefer;
using model::Split;

namespace {

/// Two accounts of one currency, and one of another.
void write_accounts(const Folder& folder) {
    for (const std::string name : {"direct", "phonex", "europe"}) {
        folder.write("suppliers/" + name + ".yaml", "account: " + name +
                                                        "\nplugin: phonex\napi_endpoint: https://api.acme.example\ncurrency: " +
                                                        (name == "europe" ? "EUR" : "USD") + "\n");
    }
}

Result<app::Config> load(const Folder& folder, const std::string& routes) {
    folder.write("crossdock.yaml", "suppliers: [suppliers/direct.yaml, suppliers/phonex.yaml, suppliers/europe.yaml]\n" + routes);
    return app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
}

}  // namespace

TEST_CASE("routes are an account, a rule or a list of rules", "[config][unit]") {
    Folder folder;
    write_accounts(folder);
    const auto made =
        load(folder,
             "routes:\n  a: direct\n  b: { use: [direct, phonex], prefer: price, split: pieces, fallback: true }\n"
             "  c:\n    - { use: direct, customers: acme, skus: [\"IPHONE*\", X], share: 20% }\n"
             "    - { use: [phonex, direct], customers: [z], prefer: stock, split: lines, warehouses: [MIA] }\n    - phonex\n");
    CAPTURE(made ? "" : made.error().text());
    REQUIRE(made.has_value());
    const auto& routes = made->routes;
    CHECK(routes.at("a") == std::vector<model::RouteRule>{{.use = {"direct"}}});
    CHECK(routes.at("b") ==
          std::vector<model::RouteRule>{
              {.use = {"direct", "phonex"}, .prefer = Prefer::price, .split = Split::pieces, .fallback = true}});
    CHECK(routes.at("c") ==
          std::vector<model::RouteRule>{{.use = {"direct"}, .customers = {"acme"}, .skus = {"IPHONE*", "X"}, .share = 20},
                                        {.use = {"phonex", "direct"},
                                         .customers = {"z"},
                                         .prefer = Prefer::stock,
                                         .split = Split::lines,
                                         .warehouses = {"MIA"}},
                                        {.use = {"phonex"}}});
}

TEST_CASE("a wrong route is refused with its place", "[config][unit]") {
    struct Row {
        std::string text;
        std::string fault;
    };
    const auto row = GENERATE(values<Row>({
        {"routes: { a: dirct }", "2:14: the route `a` leads to the unknown account `dirct`; did you mean `direct`?"},
        {"routes: { a: { use: [direct, phnex] } }",
         "2:30: the route `a` leads to the unknown account `phnex`; did you mean `phonex`?"},
        {"routes: { a: { customers: x } }", "2:14: a rule of the route `a` lacks the key `use`"},
        {"routes: { a: { use: direct, cusomers: x } }", "2:29: unknown key `cusomers`; did you mean `customers`?"},
        {"routes: { a: [] }", "2:14: the route `a` has no rule; take it out or add one"},
        {"routes: { a: { use: [direct, direct] } }", "2:30: the account `direct` stands twice in this rule"},
        {"routes: { a: { use: direct, skus: [] } }", "2:35: `skus` is an empty list; leave it out"},
        {"routes: { a: { use: direct, share: 20 } }", "2:36: `share` takes 1% to 99%, not \"20\""},
        {"routes: { a: { use: direct, share: 100% } }", "2:36: `share` takes 1% to 99%, not \"100%\""},
        {"routes: { a: { use: [direct, phonex], prefer: cheap } }",
         "2:47: `prefer`: unknown value \"cheap\"; known are: priority, stock, price"},
        {"routes: { a: { use: [direct, phonex], split: yes } }",
         "2:46: `split`: unknown value \"yes\"; known are: never, lines, pieces"},
        {"routes: { a: { use: direct, split: lines } }", "2:36: `split` chooses among several accounts, and `use` names one"},
        {"routes: { a: [direct, { use: phonex, skus: x }] }",
         "2:23: this rule of the route `a` is never reached: the one before it holds for every order"},
        {"routes: { a: [{ use: direct, skus: x }, europe] }",
         "2:14: the route `a` leads to accounts of two currencies, `direct` and `europe`: an order that names none could be in "
         "either"},
    }));
    Folder folder;
    write_accounts(folder);
    const auto made = load(folder, row.text + "\n");
    const std::string text = made ? "none" : made.error().text();
    CAPTURE(row.text);
    CHECK_THAT(text, Catch::Matchers::EndsWith("crossdock.yaml:" + row.fault));
}
