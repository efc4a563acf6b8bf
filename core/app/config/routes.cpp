#include "config/parts.hpp"

#include "yaml/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace crossdock::app {
namespace {

using yaml::Fields;
using yaml::Node;

/// One text or a list of texts.
std::vector<std::string> texts_of(yaml::Checks& checks, const Node& node, std::string_view name) {
    std::vector<std::string> made;
    if (!node.is_list()) {
        if (const auto text = yaml::text_of(checks, node, name)) { made.push_back(*text); }
        return made;
    }
    if (node.items.empty()) { checks.refuse(node.place, "`" + std::string(name) + "` is an empty list; leave it out"); }
    for (const Node& item : node.items) {
        if (const auto text = yaml::text_of(checks, item, name)) { made.push_back(*text); }
    }
    return made;
}

class RouteReader {
public:
    RouteReader(yaml::Checks& checks, const std::vector<AccountConfig>& accounts) : checks_(checks), accounts_(accounts) {
        for (const auto& account : accounts) { names_.emplace_back(account.name); }
    }

    std::vector<model::RouteRule> rules(const std::string& code, const Node& node) {
        std::vector<model::RouteRule> made;
        const auto add = [&](const Node& item) { made.push_back(item.is_map() ? rule(code, item) : only(code, item)); };
        if (!node.is_list()) { add(node); }
        for (const Node& item : node.items) { add(item); }
        if (made.empty()) { checks_.refuse(node.place, "the route `" + code + "` has no rule; take it out or add one"); }
        check_order(code, node, made);
        check_currencies(code, node, made);
        return made;
    }

private:
    void check_account(const std::string& code, yaml::Place place, const std::string& account) {
        if (std::find(names_.begin(), names_.end(), account) == names_.end()) {
            checks_.refuse(
                place, "the route `" + code + "` leads to the unknown account `" + account + "`" + yaml::hint(account, names_));
        }
    }

    model::RouteRule only(const std::string& code, const Node& node) {
        model::RouteRule made;
        if (const auto account = yaml::text_of(checks_, node, code)) {
            check_account(code, node.place, *account);
            made.use = {*account};
        }
        return made;
    }

    model::RouteRule rule(const std::string& code, const Node& node) {
        static constexpr std::array<std::string_view, 3> preferences{"priority", "stock", "price"};
        static constexpr std::array<std::string_view, 3> splits{"never", "lines", "pieces"};
        Fields fields(checks_, node, "a rule of the route `" + code + "`",
                      {"use", "customers", "skus", "share", "prefer", "split", "warehouses", "fallback", "shadow"});
        model::RouteRule made;
        if (const Node* use = fields.require("use")) {
            made.use = texts_of(checks_, *use, "use");
            for (std::size_t i = 0; i < made.use.size(); ++i) {
                const auto place = use->is_list() ? use->items[i].place : use->place;
                check_account(code, place, made.use[i]);
                if (std::find(made.use.begin(), made.use.begin() + static_cast<std::ptrdiff_t>(i), made.use[i]) !=
                    made.use.begin() + static_cast<std::ptrdiff_t>(i)) {
                    checks_.refuse(place, "the account `" + made.use[i] + "` stands twice in this rule");
                }
            }
        }
        if (const Node* list = fields.find("customers")) { made.customers = texts_of(checks_, *list, "customers"); }
        if (const Node* list = fields.find("skus")) { made.skus = texts_of(checks_, *list, "skus"); }
        if (const Node* list = fields.find("warehouses")) { made.warehouses = texts_of(checks_, *list, "warehouses"); }
        if (const auto share = fields.text("share")) { made.share = percent(fields.place("share"), *share); }
        if (const auto word = fields.word("prefer", preferences)) {
            made.prefer =
                static_cast<model::Prefer>(std::find(preferences.begin(), preferences.end(), *word) - preferences.begin());
        }
        if (const auto word = fields.word("split", splits)) {
            made.split = static_cast<model::Split>(std::find(splits.begin(), splits.end(), *word) - splits.begin());
        }
        made.fallback = fields.boolean("fallback").value_or(false);
        read_shadow(code, fields, made);
        if (made.use.size() == 1) {
            for (const char* key : {"prefer", "split", "warehouses", "fallback"}) {
                if (fields.has(key)) {
                    checks_.refuse(fields.place(key),
                                   "`" + std::string(key) + "` chooses among several accounts, and `use` names one");
                }
            }
        }
        return made;
    }

    void read_shadow(const std::string& code, Fields& fields, model::RouteRule& made) {
        const auto shadow = fields.text("shadow");
        if (!shadow) { return; }
        made.shadow = *shadow;
        check_account(code, fields.place("shadow"), *shadow);
        if (std::find(made.use.begin(), made.use.end(), *shadow) != made.use.end()) {
            checks_.refuse(fields.place("shadow"),
                           "the account `" + *shadow + "` gets these orders by `use`; a shadow is another one, which does not");
        }
    }

    int percent(yaml::Place place, const std::string& text) {
        int value = 0;
        const auto digits = text.substr(0, text.find('%'));
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        const bool right = text.ends_with('%') && text.size() == digits.size() + 1 && error == std::errc{} &&
                           end == digits.data() + digits.size() && value >= 1 && value <= 99;
        if (!right) { checks_.refuse(place, "`share` takes 1% to 99%, not " + json_quoted(text)); }
        return value;
    }

    static bool unconditional(const model::RouteRule& rule) {
        return rule.customers.empty() && rule.skus.empty() && rule.share == 100;
    }

    void check_order(const std::string& code, const Node& node, const std::vector<model::RouteRule>& made) {
        for (std::size_t i = 0; i + 1 < made.size(); ++i) {
            if (unconditional(made[i])) {
                checks_.refuse(node.items[i + 1].place,
                               "this rule of the route `" + code + "` is never reached: the one before it holds for every order");
            }
        }
    }

    /// An order may name no currency: it is that of its account, whichever of them it goes to.
    void check_currencies(const std::string& code, const Node& node, const std::vector<model::RouteRule>& made) {
        const AccountConfig* first = nullptr;
        for (const auto& rule : made) {
            for (const auto& name : rule.use) {
                const auto at = std::find_if(accounts_.begin(), accounts_.end(), [&](const auto& a) { return a.name == name; });
                if (at == accounts_.end()) { continue; }
                if (first == nullptr) { first = &*at; }
                if (at->currency != first->currency) {
                    checks_.refuse(node.place, "the route `" + code + "` leads to accounts of two currencies, `" + first->name +
                                                   "` and `" + at->name + "`: an order that names none could be in either");
                }
            }
        }
    }

    yaml::Checks& checks_;
    const std::vector<AccountConfig>& accounts_;
    std::vector<std::string_view> names_;
};

}  // namespace

std::map<std::string, std::vector<model::RouteRule>> read_routes(yaml::Checks& checks, yaml::Fields& fields,
                                                                 const std::vector<AccountConfig>& accounts) {
    std::map<std::string, std::vector<model::RouteRule>> routes;
    const Node* map = fields.map("routes");
    if (map == nullptr || !checks.ok()) { return routes; }
    RouteReader reader(checks, accounts);
    for (const auto& [code, place, node] : map->entries) {
        auto rules = reader.rules(code, node);
        if (!checks.ok()) { break; }
        routes.emplace(code, std::move(rules));
    }
    return routes;
}

}  // namespace crossdock::app
