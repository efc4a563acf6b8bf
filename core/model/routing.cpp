#include "model/routing.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

namespace crossdock::model {
namespace {

constexpr std::array<std::string_view, 3> prefer_names{"priority", "stock", "price"};
constexpr std::array<std::string_view, 3> split_names{"never", "lines", "pieces"};

bool matches(std::span<const std::string> patterns, std::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
        return pattern.ends_with('*') ? text.starts_with(pattern.substr(0, pattern.size() - 1)) : text == pattern;
    });
}

/// One account's stock as a rule sees it, from which an order's pieces are taken.
class Shelf {
public:
    Shelf(std::string account, const Supply* supply, const RouteRule& rule) : account_(std::move(account)) {
        known_ = supply != nullptr && supply->known;
        if (!known_) { return; }
        for (const auto& [sku, offers] : supply->articles) {
            auto& here = articles_[sku];
            for (const auto& offer : offers) {
                const bool counts = rule.warehouses.empty() || std::find(rule.warehouses.begin(), rule.warehouses.end(),
                                                                         offer.warehouse) != rule.warehouses.end();
                if (!counts) { continue; }
                here.quantity += offer.quantity;
                if (offer.price_minor && offer.quantity > 0) {
                    here.price = std::min(here.price.value_or(*offer.price_minor), *offer.price_minor);
                }
            }
        }
    }

    [[nodiscard]] const std::string& account() const { return account_; }
    [[nodiscard]] bool known() const { return known_; }
    [[nodiscard]] std::int64_t has(const std::string& sku) const {
        if (!known_) { return std::numeric_limits<std::int64_t>::max(); }
        const auto at = articles_.find(sku);
        return at == articles_.end() ? 0 : at->second.quantity;
    }
    void take(const std::string& sku, std::int64_t quantity) {
        if (known_) { articles_[sku].quantity -= quantity; }
    }

    /// How many of the order's pieces it has.
    [[nodiscard]] std::int64_t covered(const std::map<std::string, std::int64_t>& wanted) const {
        std::int64_t pieces = 0;
        for (const auto& [sku, quantity] : wanted) { pieces += std::min(quantity, has(sku)); }
        return pieces;
    }
    /// What it asks for all of them; nothing when a price is not known.
    [[nodiscard]] std::optional<std::int64_t> asks(const std::map<std::string, std::int64_t>& wanted) const {
        std::int64_t sum = 0;
        for (const auto& [sku, quantity] : wanted) {
            const auto at = articles_.find(sku);
            if (at == articles_.end() || !at->second.price) { return {}; }
            sum += *at->second.price * quantity;
        }
        return sum;
    }
    /// "has 3 of 10 A"; empty when it has all.
    [[nodiscard]] std::string lacks(const std::map<std::string, std::int64_t>& wanted) const {
        std::string text;
        for (const auto& [sku, quantity] : wanted) {
            if (has(sku) >= quantity) { continue; }
            text += (text.empty() ? "has " : ", ") + std::to_string(has(sku)) + " of " + std::to_string(quantity) + " " + sku;
        }
        return text;
    }

private:
    struct Article {
        std::int64_t quantity = 0;
        std::optional<std::int64_t> price;
    };
    std::string account_;
    bool known_ = false;
    std::map<std::string, Article> articles_;
};

std::map<std::string, std::int64_t> wanted_of(const RoutedOrder& order) {
    std::map<std::string, std::int64_t> wanted;
    for (const auto& line : order.lines) { wanted[line.sku] += line.quantity; }
    return wanted;
}

void sort_by_preference(std::vector<Shelf>& shelves, Prefer prefer, const std::map<std::string, std::int64_t>& wanted) {
    if (prefer == Prefer::stock) {
        std::stable_sort(shelves.begin(), shelves.end(),
                         [&](const Shelf& a, const Shelf& b) { return a.covered(wanted) > b.covered(wanted); });
    }
    if (prefer == Prefer::price) {
        std::stable_sort(shelves.begin(), shelves.end(), [&](const Shelf& a, const Shelf& b) {
            const auto left = a.asks(wanted);
            const auto right = b.asks(wanted);
            return left && (!right || *left < *right);
        });
    }
}

class Dealer {
public:
    Dealer(const RouteRule& rule, const RoutedOrder& order, std::vector<Shelf> shelves)
        : rule_(rule), order_(order), wanted_(wanted_of(order)), shelves_(std::move(shelves)) {
        sort_by_preference(shelves_, rule.prefer, wanted_);
    }

    Route deal() {
        const auto whole =
            std::find_if(shelves_.begin(), shelves_.end(), [&](const Shelf& s) { return s.lacks(wanted_).empty(); });
        if (whole != shelves_.end()) {
            give_all(*whole);
            made_.why = whole->known() ? why_first(*whole, "has all of it") : why_first(*whole, "its stock is not known");
            tell_others(*whole);
        }
        else if (rule_.split == Split::never) {
            const auto& first = most_covering();
            give_all(first);
            made_.why = first.account() + " takes all of it, for nobody has it whole and it is not to be split; it " +
                        first.lacks(wanted_);
            for (const auto& shelf : shelves_) {
                if (&shelf != &first) { made_.others.push_back({shelf.account(), shelf.lacks(wanted_)}); }
            }
        }
        else { split(); }
        return std::move(made_);
    }

private:
    [[nodiscard]] std::string why_first(const Shelf& chosen, const char* what) const {
        std::string why = chosen.account() + " " + what;
        if (shelves_.size() > 1) {
            why += ", and comes first by " + std::string(name(rule_.prefer));
            if (const auto asks = chosen.asks(wanted_); rule_.prefer == Prefer::price && asks) {
                why += " (" + std::to_string(*asks) + " in minor units)";
            }
        }
        return why;
    }

    void tell_others(const Shelf& chosen) {
        for (const auto& shelf : shelves_) {
            if (&shelf == &chosen) { continue; }
            std::string why = shelf.lacks(wanted_);
            if (why.empty()) {
                why = "comes behind " + chosen.account() + " by " + std::string(name(rule_.prefer));
                const auto asks = shelf.asks(wanted_);
                if (rule_.prefer == Prefer::price) {
                    why += asks ? " (" + std::to_string(*asks) + " in minor units)" : std::string(" (a price is not known)");
                }
            }
            made_.others.push_back({shelf.account(), why});
        }
    }

    /// Of those that lack something, the one to take all of it: by stock the one that lacks least, else the first.
    [[nodiscard]] const Shelf& most_covering() const {
        if (rule_.prefer != Prefer::stock) { return shelves_.front(); }
        return *std::max_element(shelves_.begin(), shelves_.end(),
                                 [&](const Shelf& a, const Shelf& b) { return a.covered(wanted_) < b.covered(wanted_); });
    }

    void give(const std::string& account, std::int64_t line, std::int64_t quantity) {
        if (quantity == 0) { return; }
        auto part =
            std::find_if(made_.parts.begin(), made_.parts.end(), [&](const RoutePart& p) { return p.account == account; });
        if (part == made_.parts.end()) { part = made_.parts.insert(part, {account, {}}); }
        const auto known = std::find_if(part->pieces.begin(), part->pieces.end(),
                                        [&](const RoutedPieces& pieces) { return pieces.line_number == line; });
        if (known == part->pieces.end()) { part->pieces.push_back({line, quantity}); }
        else { known->quantity += quantity; }
    }

    void give_all(const Shelf& shelf) {
        for (const auto& line : order_.lines) { give(shelf.account(), line.line_number, line.quantity); }
    }

    void split() {
        std::vector<std::string> lacking;
        for (const auto& shelf : shelves_) { lacking.push_back(shelf.lacks(wanted_)); }
        for (const auto& line : order_.lines) {
            std::int64_t left = line.quantity;
            for (auto& shelf : shelves_) {
                const auto there = shelf.has(line.sku);
                const auto taken = rule_.split == Split::pieces ? std::min(left, there) : there >= left ? left : 0;
                shelf.take(line.sku, taken);
                give(shelf.account(), line.line_number, taken);
                left -= taken;
            }
            // What nobody has goes to the first: it may have more than it told, or keep it on backorder.
            give(shelves_.front().account(), line.line_number, left);
        }
        made_.why = "nobody has all of it, and it may be split by " + std::string(name(rule_.split));
        for (std::size_t i = 0; i < shelves_.size(); ++i) { made_.others.push_back({shelves_[i].account(), lacking[i]}); }
    }

    const RouteRule& rule_;
    const RoutedOrder& order_;
    std::map<std::string, std::int64_t> wanted_;
    std::vector<Shelf> shelves_;
    Route made_;
};

}  // namespace

std::string_view name(Prefer prefer) {
    return prefer_names.at(static_cast<std::size_t>(prefer));
}

std::string_view name(Split split) {
    return split_names.at(static_cast<std::size_t>(split));
}

const RouteRule* rule_for(std::span<const RouteRule> rules, const RoutedOrder& order) {
    const auto at = std::find_if(rules.begin(), rules.end(), [&](const RouteRule& rule) {
        const bool customer = rule.customers.empty() || matches(rule.customers, order.customer_id);
        const bool articles =
            rule.skus.empty() || std::all_of(order.lines.begin(), order.lines.end(),
                                             [&](const Allotment& line) { return matches(rule.skus, line.sku); });
        return customer && articles && order.draw < rule.share;
    });
    return at == rules.end() ? nullptr : &*at;
}

Route route(const RouteRule& rule, const RoutedOrder& order, const std::map<std::string, Supply, std::less<>>& supplies,
            std::span<const std::string> refused) {
    std::vector<Shelf> active;
    std::vector<Shelf> inactive;
    std::vector<Route::Other> out;
    for (const auto& account : rule.use) {
        if (std::find(refused.begin(), refused.end(), account) != refused.end()) {
            out.push_back({account, "has refused it"});
            continue;
        }
        const auto at = supplies.find(account);
        const Supply* supply = at == supplies.end() ? nullptr : &at->second;
        const bool is_active = supply == nullptr || supply->active;
        (is_active ? active : inactive).emplace_back(account, supply, rule);
    }
    // Rather wait at a disabled account than nowhere.
    const bool all_disabled = active.empty();
    if (!all_disabled) {
        for (const auto& shelf : inactive) { out.push_back({shelf.account(), "is disabled"}); }
    }
    auto& chosen = all_disabled ? inactive : active;
    if (chosen.empty()) { return {{}, "every account of the rule has refused it", std::move(out), false}; }
    Route made = Dealer(rule, order, std::move(chosen)).deal();
    made.waits = all_disabled;
    if (all_disabled) { made.why += "; every account is disabled, so it waits"; }
    made.others.insert(made.others.end(), std::make_move_iterator(out.begin()), std::make_move_iterator(out.end()));
    return made;
}

}  // namespace crossdock::model
