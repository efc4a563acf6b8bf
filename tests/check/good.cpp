#include "model.hpp"

namespace {

/// Has an expression read its webhooks, so that whoever passes has had one evaluated.
class Good final : public model::Model {
public:
    using Model::Model;

    std::vector<model::sdk::Evidence> handle_webhook(const model::sdk::Webhook& webhook, model::sdk::Host& host) override {
        const auto payload = model::sdk::Json::parse(webhook.body);
        return {evidence_of(payload, host.evaluate(R"(.event // error("\"event\" is missing"))", payload).text())};
    }
};

}  // namespace

CROSSDOCK_EXPORT_SUPPLIER(Good)
