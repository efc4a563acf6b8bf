#pragma once

#include "client/outbound.hpp"
#include "place.hpp"

namespace crossdock::worker {

/// A process that exists for one session, and is confined before it loads the plugin.
/// Lifetime: of the process.
class ProcessPlace final : public Place {
public:
    [[nodiscard]] Result<Json> enter(const Json& hello) override;
    [[nodiscard]] Result<Library> load(const Json& hello) override;
    [[nodiscard]] http::Carrier& carrier() override { return outbound_; }
    [[nodiscard]] int carry(int socket, const Json& hello) override;
    /// Ends the process: without its daemon a worker has no purpose.
    void orphaned() override;
    [[nodiscard]] std::string log_mark() const override { return {}; }

private:
    http::Outbound outbound_;
};

}  // namespace crossdock::worker
