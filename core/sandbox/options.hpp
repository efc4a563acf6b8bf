#pragma once

#include "base/time.hpp"
#include "crypto/signature_scheme.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace crossdock::sandbox {

/// The folders of a supplier's portal; empty: it has none.
struct PortalOptions {
    std::filesystem::path outbox = {};  ///< order files are taken from here
    std::filesystem::path taken = {};   ///< and kept here, under their names
    std::filesystem::path inbox = {};   ///< confirmations.csv, shipments.csv, stock.csv
};

/// What the supplier simulator is started with. It listens on 127.0.0.1 only.
struct SupplierOptions {
    std::filesystem::path data;                                ///< its folder: journal, lock and, once it listens, `port`
    std::uint16_t port = 8081;                                 ///< 0: any free one
    std::string api_key;                                       ///< what orders and reads must bring as Bearer; required
    std::string webhook_url = {};                              ///< http://127.0.0.1:PORT/PATH; empty: no webhooks
    std::string webhook_secret = {};                           ///< as the scheme writes it; for Ed25519 the private key, whsk_...
    crypto::SignatureScheme webhook_scheme = {};               ///< how webhooks are signed; PhoneX's way if not said otherwise
    bool idempotency = false;                                  ///< honours Idempotency-Key; off: every POST makes an order
    bool lookup = false;                                       ///< GET /v1/orders?reference=; off: 404
    milliseconds visible_after{0};                             ///< a lookup does not see younger orders
    milliseconds accept_after{300};                            ///< from the POST to `confirmed`; negative: never by itself
    milliseconds ship_after{900};                              ///< from the POST to `shipped`; negative: never by itself
    std::vector<std::string> supplier_order_ids{"ORD845140"};  ///< then the last one's number counts up
    std::vector<std::string> tracking_numbers{"1Z999AA10123456784"};  ///< likewise
    std::filesystem::path dialect = {};                               ///< a JSON file; empty: PhoneX's
    std::filesystem::path inventory = {};                             ///< JSON: {"items": [...]}; empty: nothing in stock
    PortalOptions portal = {};
    int ready_fd = -1;  ///< gets "PORT\n" once it listens, then is closed
};

/// What the mail sink is started with. It listens on 127.0.0.1 only.
struct MailOptions {
    std::filesystem::path data;  ///< its folder: mails/NNNNNN.eml, lock and, once it listens, `port`
    std::uint16_t port = 8025;   ///< 0: any free one
    std::size_t message_max = 10 << 20;
    bool keep = true;             ///< false: mails are counted, and not written
    std::size_t line_max = 1000;  ///< RFC 5321, 4.5.3.1.6, with CRLF
    int fail_with = 0;            ///< answers the final dot with this code (451, 554, ...) and stores nothing; 0: never
    int fail_times = -1;          ///< so often, then no more; negative: always
    /// How it begins a conversation: as it should, with silence, or with what is no SMTP.
    enum class Greeting { proper, none, garbled } greeting = Greeting::proper;
    int cut_after_store_times = 0;  ///< so often the connection is cut after a mail was stored, before its 250
    milliseconds idle_timeout{60'000};
    int ready_fd = -1;
};

/// Runs until SIGTERM or SIGINT; the exit code: 0, 2 for options that make no sense, 4 when the port or the folder is taken.
[[nodiscard]] int run_supplier(const SupplierOptions& options);
[[nodiscard]] int run_mail(const MailOptions& options);

}  // namespace crossdock::sandbox
