#pragma once

#include "evidence.hpp"
#include "listing.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace rest {

/// What create_order and cancel_order send, and how their answers are read.
class Effect {
public:
    static sdk::Schema settings(std::string_view method, const std::vector<std::string>& sees);
    Effect(std::string name, const sdk::Json& settings);

    /// One request at most. What the answer says is reported, whatever it is.
    /// Errors: std::runtime_error, and nothing has left.
    [[nodiscard]] sdk::Submission run(Client& client, const sdk::Host& host, sdk::Json asked) const;

private:
    void read(sdk::Submission& made, const Scope& scope) const;

    Request request_;
    std::optional<Template> id_, status_, reason_, reference_;
    std::optional<Template> accepted_if_, refused_if_, not_processed_if_;
};

/// A supplier whose whole API stands in its account's file: docs/suppliers/rest.md.
///
/// Threads: any; what changes is the access token alone.
class RestAdapter : public sdk::SupplierAdapter {
public:
    /// Adds its settings to a plugin's. With `way` the plugin has other ways to talk to its supplier, too: then they belong to
    /// accounts that choose this one, credentials apart.
    static sdk::Schema&& rest_settings(sdk::Schema&& schema, const std::optional<Way>& way = {});

    /// Errors: std::runtime_error that names the setting.
    explicit RestAdapter(const sdk::Host& host) : RestAdapter(host.settings()) {}
    /// Of checked settings.
    explicit RestAdapter(const sdk::Json& settings);

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override;
    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override;
    std::vector<sdk::Evidence> get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) override;
    sdk::Submission cancel_order(const sdk::Cancellation& wish, sdk::Host& host) override;
    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override;
    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& host) override;

private:
    struct Find {
        Listing listing;
        Template reference, id;
        std::optional<Template> status;
        bool none_is_404 = false;
    };
    struct Status {
        Request request;
        std::optional<Template> each;
        EvidenceFields evidence;
    };
    struct Inventory {
        Listing listing;
        std::vector<std::pair<std::string, Template>> row;
    };
    struct Hook {
        std::optional<Template> each, skip_if;
        EvidenceFields evidence;
    };
    void read_matches(sdk::Lookup& found, const std::string& reference, const sdk::Host& host, const Listing::Page& page) const;
    [[nodiscard]] sdk::InventoryRow row_of(const Scope& scope) const;

    Client client_;
    Effect create_;
    std::optional<Find> find_;
    std::optional<Status> status_;
    std::optional<Effect> cancel_;
    std::optional<Inventory> inventory_;
    std::optional<Hook> hook_;
};

}  // namespace rest
