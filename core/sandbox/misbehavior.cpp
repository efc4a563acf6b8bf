#include "sandbox/simulator.hpp"

#include <stdexcept>

namespace crossdock::sandbox {
namespace {

using Kind = SupplierFault::Kind;
using Shared = std::shared_ptr<Simulator>;

/// A body that comes in pieces; what is behind `cut_at` never comes.
struct Pieces {
    Shared simulator;
    std::string body = {};
    std::size_t size = 1;  ///< of a piece
    milliseconds between{0};
    std::size_t cut_at = std::string::npos;
    std::size_t sent = 0;
};

Task<std::optional<std::string>> next_piece(std::shared_ptr<Pieces> pieces) {
    if (pieces->sent >= pieces->body.size()) { co_return std::nullopt; }
    if (pieces->sent >= pieces->cut_at) { throw std::runtime_error("told to cut the answer"); }
    if (pieces->sent > 0 && pieces->between.count() > 0) { co_await wait_unless_stopped(pieces->simulator, pieces->between); }
    auto piece = pieces->body.substr(pieces->sent, pieces->size);
    pieces->sent += piece.size();
    co_return piece;
}

/// A `cut_at` that is set becomes the middle of the body.
http::Response in_pieces(http::Response response, Pieces how) {
    how.body = std::move(response.body);
    if (how.body.empty()) { return {.cut = true}; }
    if (how.cut_at != std::string::npos) { how.cut_at = how.size = how.body.size() / 2; }
    response.stream = [pieces = std::make_shared<Pieces>(std::move(how))] { return next_piece(pieces); };
    return response;
}

}  // namespace

http::Response misbehaved(const std::shared_ptr<Simulator>& self, const SupplierFault& fault, http::Response otherwise) {
    switch (fault.kind) {
        case Kind::cut_in_answer: return in_pieces(std::move(otherwise), {.simulator = self, .cut_at = 0});
        case Kind::drip: return in_pieces(std::move(otherwise), {.simulator = self, .between = fault.delay});
        case Kind::cut_before_accept:
        case Kind::cut_after_accept:
        case Kind::cut_reused_after_accept: return {.cut = true};
        case Kind::garbage: return {.headers = {{"Content-Type", "text/html"}}, .body = "<html><body>It works!</body>"};
        case Kind::status: {
            auto made =
                presented(*self, {}, error_response(fault.status, "told_to", "a fault that was armed under /_sandbox/faults"));
            if (fault.retry_after_s) { made.headers.emplace_back("Retry-After", std::to_string(*fault.retry_after_s)); }
            return made;
        }
        case Kind::slow: break;
    }
    return otherwise;
}

Task<http::Response> with_faults(std::shared_ptr<Simulator> self, std::string operation, bool reused, http::Response well) {
    const auto fault = self->faults.take(operation, reused);
    if (!fault) { co_return well; }
    if (fault->delay.count() > 0 && fault->kind != Kind::drip) { co_await wait_unless_stopped(self, fault->delay); }
    co_return misbehaved(self, *fault, std::move(well));
}

}  // namespace crossdock::sandbox
