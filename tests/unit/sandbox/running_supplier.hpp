#pragma once

#include "base/json.hpp"
#include "base/system_clock.hpp"
#include "http/loopback.hpp"
#include "sandbox/supplier.hpp"
#include "support/running_server.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace crossdock::support {

/// A supplier simulator on a thread of its own.
class RunningSupplier {
public:
    explicit RunningSupplier(const sandbox::SupplierOptions& options)
        : clock_(context_.get_executor()),
          supplier_(sandbox::Supplier::start(context_.get_executor(), clock_, options).value()),
          thread_([this] { context_.run(); }) {}
    RunningSupplier(const RunningSupplier&) = delete;
    RunningSupplier& operator=(const RunningSupplier&) = delete;
    ~RunningSupplier() {
        boost::asio::post(context_, [this] { supplier_->stop(std::chrono::seconds{1}); });
        thread_.join();
    }

    [[nodiscard]] std::uint16_t port() const { return supplier_->port(); }

    Result<http::LoopbackAnswer> call(std::string method, std::string target, std::string body = {},
                                      std::vector<http::Header> headers = {{"Authorization", "Bearer key"}}) const {
        return http::exchange({.port = port(),
                               .method = std::move(method),
                               .target = std::move(target),
                               .headers = std::move(headers),
                               .body = std::move(body)});
    }
    Json get(std::string target) const { return Json::parse(call("GET", std::move(target)).value().body).value(); }
    /// Tells a control; the test fails unless it is answered 200.
    Json tell(const std::string& control, std::string body) const {
        const auto answer = call("POST", "/_sandbox/" + control, std::move(body), {}).value();
        if (answer.status != 200) { throw std::runtime_error(answer.body); }
        return Json::parse(answer.body).value();
    }
    std::size_t order_count() const { return get("/_sandbox/orders").find("orders")->items().size(); }
    std::int64_t posts(const std::string& reference) const { return get("/_sandbox/orders").find("posts")->integer(reference); }

private:
    boost::asio::io_context context_{1};
    SystemClock clock_;
    std::unique_ptr<sandbox::Supplier> supplier_;
    std::thread thread_;
};

/// Takes webhooks; answers each with the next of `statuses`, then 200.
class WebhookReceiver {
public:
    explicit WebhookReceiver(std::vector<int> statuses = {})
        : statuses_(std::move(statuses)), server_([this](http::Request request) { return take(this, std::move(request)); }) {}

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_.port()) + "/api/webhooks/phonex";
    }

    /// Waits until `count` came, or 20 s; what came so far.
    std::vector<http::Request> wait(std::size_t count) {
        std::unique_lock lock(mutex_);
        came_.wait_for(lock, std::chrono::seconds{20}, [&] { return requests_.size() >= count; });
        return requests_;
    }

private:
    static Task<http::Response> take(WebhookReceiver* self, http::Request request) {
        const std::lock_guard lock(self->mutex_);
        http::Response response;
        if (self->requests_.size() < self->statuses_.size()) { response.status = self->statuses_[self->requests_.size()]; }
        self->requests_.push_back(std::move(request));
        self->came_.notify_all();
        response.body = "{}";
        co_return response;
    }

    std::mutex mutex_;
    std::condition_variable came_;
    std::vector<int> statuses_;
    std::vector<http::Request> requests_;
    RunningServer server_;
};

/// The seed's order, under another reference and sku where a test wants.
inline std::string order_body(const std::string& reference = "PXSTKL0000347") {
    return R"({"supplier":"wesellcellular","order_id":")" + reference +
           R"(","customer_id":"worldtech-1734","items":[{"sku":"IPHONE12-64GB-A","quantity":10,"unit_price":231.00}],)"
           R"("shipping_address":{"name":"WorldTech Receiving","country":"US"},"metadata":{}})";
}

inline sandbox::SupplierOptions quiet_options(const std::filesystem::path& folder) {
    sandbox::SupplierOptions options;
    options.data = folder;
    options.port = 0;
    options.api_key = "key";
    options.webhook_secret = "secret";
    options.accept_after = milliseconds{-1};
    options.ship_after = milliseconds{-1};
    return options;
}

}  // namespace crossdock::support
