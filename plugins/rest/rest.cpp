#include "adapter.hpp"

namespace rest {

/// Any supplier with a REST API, described by its account's file alone.
class Rest final : public RestAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "rest",
                                            .version = "1.0.0",
                                            .create_order = sdk::EffectClass::idempotent,
                                            .cancel_order = sdk::EffectClass::idempotent};

    static sdk::Schema settings() { return rest_settings(sdk::Schema{}); }

    using RestAdapter::RestAdapter;
};

}  // namespace rest

CROSSDOCK_EXPORT_SUPPLIER(rest::Rest)
