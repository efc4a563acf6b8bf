// crossdock_bench_plain SECRET [STORE]: the daemon's HTTP server without the daemon, as a limit for what the daemon ingests.
// It checks a webhook's signature and reads its body; with STORE it commits each one before it answers, by itself. Writes its
// port and the end of the line to standard output.
#include "crypto/crypto.hpp"
#include "http/server.hpp"
#include "orders/webhooks.hpp"
#include "store/inline_store.hpp"
#include "support/order_desk.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <optional>

namespace {

using namespace crossdock;

class Intake {
public:
    Intake(std::string secret, const std::optional<std::filesystem::path>& file) : secret_(std::move(secret)) {
        if (!file) { return; }
        store::migrate_sqlite(*file).value();
        store_.emplace(store::Database::open(*file, store::Database::Mode::read_write).value());
        (void)store_
            ->commit_now<int>(Commit::config_sync,
                              [&](store::Tx& tx) {
                                  support::add_supplier(tx, account_);
                                  return 0;
                              })
            .value();
    }

    http::Response take(http::Request request) {
        http::Response response{.headers = {{"Content-Type", "application/json"}}, .body = "{}"};
        const auto signature = request.header("X-PhoneX-Signature");
        if (!signature || !crypto::equal_constant_time(*signature, crypto::hmac_sha256_hex(secret_, request.body)) ||
            !Json::parse(request.body)) {
            response.status = 400;
            return response;
        }
        if (store_) {
            const orders::RawWebhook raw{"phonex", account_.supplier_id, "application/json", std::move(request.body),
                                         request.peer};
            (void)store_
                ->commit_now<orders::Received>(Commit::webhook_receive,
                                               [&](store::Tx& tx) {
                                                   return orders::receive_webhook(tx, facts_, raw,
                                                                                  [](store::Tx&, const auto&, const auto&) {});
                                               })
                .value();
        }
        return response;
    }

private:
    std::string secret_;
    orders::Account account_ = support::phonex_account();
    test::ManualClock clock_;
    test::SeededRandomness randomness_{42};
    notify::Facts facts_{clock_, randomness_, support::fact_options()};
    std::optional<store::InlineStore> store_;
};

Task<http::Response> answer(Intake* intake, http::Request request) {
    co_return intake->take(std::move(request));
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2 || count > 3) { return 2; }
    std::optional<std::filesystem::path> file;
    if (count == 3) { file = arguments[2]; }
    Intake intake(arguments[1], file);
    boost::asio::io_context context{1};
    http::Handler handler = [&intake](http::Request request) { return answer(&intake, std::move(request)); };
    const auto server = http::Server::listen(context.get_executor(), "127.0.0.1", 0, {}, std::move(handler));
    if (!server) { return 1; }
    std::printf("%d\n", (*server)->port());
    std::fflush(stdout);
    context.run();
    return 0;
}
