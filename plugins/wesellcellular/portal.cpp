#include "portal.hpp"

#include "order_mail.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace wesellcellular {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t rows_at_once = 500;
constexpr std::int64_t ms_per_hour = 3'600'000;
constexpr std::int64_t ns_per_ms = 1'000'000;
// What the account's file knows by HTTP's numbers (RFC 9110), so that `outcomes:` has one meaning for all suppliers.
constexpr int found = 200;
constexpr int taken_for_later = 202;
constexpr int refused = 422;
constexpr int not_now = 429;

std::string joined(const std::vector<std::string>& lines) {
    constexpr std::size_t shown = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(shown, lines.size()); ++i) { text += (i == 0 ? "" : "; ") + lines[i]; }
    if (lines.size() > shown) { text += "; and " + std::to_string(lines.size() - shown) + " more"; }
    return text;
}

std::string lower(std::string_view text) {
    std::string made(trimmed(text));
    for (char& c : made) {
        if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
    }
    return made;
}

std::optional<fs::path> folder_of(const sdk::Json& settings, std::string_view name) {
    const auto text = settings.text(name).value_or("");
    if (text.empty()) { return {}; }
    return fs::path(text);
}

InboxSettings inbox_settings(const sdk::Json& settings) {
    const auto folder = folder_of(settings, "inbox");
    if (!folder) { throw std::runtime_error("the setting \"inbox\" is missing: mode portal reads confirmations there"); }
    return {*folder,
            settings.need_text("confirmations"),
            settings.need_text("shipments"),
            confirmation_columns(settings.need_text("confirmation_columns")),
            shipment_columns(settings.need_text("shipment_columns")),
            settings.text("end_mark").value_or(""),
            settings.need_integer("quiet_ms")};
}

sdk::SmtpSubmission mail_of(const sdk::Json& settings) {
    sdk::SmtpSubmission mail;
    const auto to = settings.text("mail_to").value_or("");
    if (to.empty()) { return mail; }
    mail.to = {to};
    mail.from = settings.text("mail_from").value_or("");
    mail.host = settings.text("smtp_host").value_or("");
    if (mail.from.empty() || mail.host.empty()) {
        throw std::runtime_error("with \"mail_to\" the settings \"mail_from\" and \"smtp_host\" are needed, too");
    }
    mail.port = static_cast<std::uint16_t>(settings.need_integer("smtp_port"));
    const auto tls = settings.need_text("smtp_tls");
    mail.tls = tls == "none"       ? sdk::SmtpSubmission::Tls::none
               : tls == "starttls" ? sdk::SmtpSubmission::Tls::starttls
                                   : sdk::SmtpSubmission::Tls::implicit;
    mail.username = settings.text("smtp_username").value_or("");
    return mail;
}

/// The ids that the rows give, each once.
std::set<std::string> ids_in(const About& about) {
    std::set<std::string> ids;
    for (const auto& said : about.said) {
        if (!said.id.empty()) { ids.insert(said.id); }
    }
    return ids;
}

}  // namespace

sdk::Schema Portal::settings(sdk::Schema schema) {
    return std::move(schema)
        .folder("outbox", "portal: where order files are put; the portal takes them from there", true)
        .optional()
        .when("mode", "portal")
        .folder("taken", "portal: where the portal keeps the order files that it has taken, under their names")
        .optional()
        .when("mode", "portal")
        .folder("inbox", "portal: where confirmations, shipments and stock are read")
        .when("mode", "portal")
        .text("confirmations", "portal: names of the files with confirmations; * stands for anything", "confirmations*.csv")
        .text("shipments", "portal: names of the files with shipments", "shipments*.csv")
        .text("stock", "portal: names of the files with the stock; the newest is the whole stock", "stock*.csv")
        .text("order_columns", "portal: the columns of an order file, as word=Title; a JSON pointer is a word, too",
              "reference=Reference, line=Line, sku=SKU, quantity=Quantity, unit_price=Unit Price, currency=Currency, "
              "/shipping_address/name=Name, /shipping_address/company=Company, /shipping_address/line1=Address 1, "
              "/shipping_address/line2=Address 2, /shipping_address/city=City, /shipping_address/state=State, "
              "/shipping_address/postal_code=Postal Code, /shipping_address/country=Country, /shipping_address/phone=Phone")
        .text("confirmation_columns", "portal: which column says what in a confirmation",
              "reference=Reference, id=Order ID, status=Status, time=Date, reason=Reason")
        .text("shipment_columns", "portal: which column says what in a shipment",
              "reference=Reference, id=Order ID, status=Status, time=Date, tracking=Tracking, carrier=Carrier")
        .text("stock_columns", "portal: which column says what in the stock",
              "sku=SKU, quantity=Stock, price=Price, brand=Brand, model=Model, storage=Storage, color=Color, grade=Grade, "
              "lock_status=Lock, warehouse=Warehouse, currency=Currency")
        .text("refusals", "portal: words of a confirmation's status, without an id, that mean: not accepted", "rejected, refused")
        .text("end_mark", "portal: what stands first in the last row of a whole file, with the number of rows behind it perhaps")
        .optional()
        .integer("quiet_ms", "portal: a file that was written to within that time is not read yet", 2'000)
        .integer("stock_age_hours", "portal: a stock file older than that is no stock; 0: however old", 0)
        .text("currency", "portal: of prices without one", "USD")
        .text("mail_to", "portal: orders are mailed there instead of being put into the outbox")
        .optional()
        .when("mode", "portal")
        .text("mail_from", "portal: the sender of such mails")
        .optional()
        .host("smtp_host", "portal: the server that takes them")
        .optional()
        .port("smtp_port", "portal: its port", 587)
        .choice("smtp_tls", "portal: starttls insists on TLS before anything is said", {"none", "starttls", "implicit"},
                "starttls")
        .text("smtp_username", "portal: for authentication")
        .optional()
        .secret("smtp_password", "portal: for authentication")
        .optional();
}

Portal::Portal(const sdk::Host& host)
    : inbox_(inbox_settings(host.settings())),
      order_columns_(order_columns(host.settings().need_text("order_columns"))),
      stock_columns_(stock_columns(host.settings().need_text("stock_columns"))) {
    const auto settings = host.settings();
    outbox_ = folder_of(settings, "outbox");
    taken_ = folder_of(settings, "taken");
    folder_ = *folder_of(settings, "inbox");
    stock_ = settings.need_text("stock");
    end_mark_ = settings.text("end_mark").value_or("");
    currency_ = settings.need_text("currency");
    quiet_ms_ = settings.need_integer("quiet_ms");
    stock_age_ms_ = settings.need_integer("stock_age_hours") * ms_per_hour;
    mail_ = mail_of(settings);
    if (outbox_.has_value() == !mail_.to.empty()) {
        throw std::runtime_error(
            "mode portal puts orders into the folder \"outbox\" or mails them to \"mail_to\": give one of them");
    }
    const auto refusals = settings.text("refusals").value_or("");
    for (std::string_view rest = refusals; !rest.empty();) {
        const auto comma = std::min(rest.find(','), rest.size());
        refusals_.push_back(lower(rest.substr(0, comma)));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
}

bool Portal::refuses(const std::string& word) const {
    return std::find(refusals_.begin(), refusals_.end(), lower(word)) != refusals_.end();
}

std::optional<sdk::Submission> Portal::known(const sdk::Order& order, const sdk::Host& host) {
    const auto about = inbox_.about(order.reference, "", host.utc_ms());
    const auto ids = ids_in(about);
    sdk::Submission made{.transport = sdk::Transport::answered};
    for (auto said = about.said.rbegin(); said != about.said.rend(); ++said) {
        const bool refusal = ids.empty() && refuses(said->status);
        // Of two ids none is taken: the lookup shows both to a person.
        if (!refusal && (ids.size() != 1 || said->id.empty())) { continue; }
        made.status = refusal ? refused : found;
        if (!refusal) { made.supplier_order_id = said->id; }
        made.supplier_status = said->status;
        if (!said->reason.empty()) { made.reason = said->reason; }
        made.exchange = "not written again: " + said->place + " knows it";
        return made;
    }
    if (ids.empty()) { return {}; }
    made.status = taken_for_later;
    made.id_follows = true;
    made.exchange = "not written again: the confirmations know it under several ids";
    return made;
}

sdk::Submission Portal::create_order(const sdk::Order& order, sdk::Host& host) {
    if (auto before = known(order, host)) { return std::move(*before); }
    const auto csv = order_csv(order, order_columns_, currency_);
    return outbox_ ? dropped(order, csv, host) : mailed(order, csv, host);
}

sdk::Submission Portal::dropped(const sdk::Order& order, const std::string& csv, const sdk::Host& host) const {
    const auto name = order_file_name(order);
    sdk::Submission made{.transport = sdk::Transport::answered, .status = taken_for_later, .id_follows = true};
    // First here, then there: the portal moves files one way only.
    auto same = holds(*outbox_ / name, csv);
    if (!same && taken_) { same = holds(*taken_ / name, csv); }
    if (same) {
        if (!*same) {
            throw std::runtime_error("a file " + name + " is there already, with other content; it was left as it is");
        }
        made.exchange = name + " is with the portal already";
        return made;
    }
    const auto what = drop(*outbox_, name, csv, [&] { return host.too_late(order.not_after_boot_ms); });
    if (!what) { return {.transport = sdk::Transport::not_sent, .reason = "its time was over before the file had its name"}; }
    made.exchange = name + (*what == Dropped::there ? " is with the portal already" : " was written");
    if (*what == Dropped::in_doubt) {
        made.transport = sdk::Transport::cut;
        made.reason = "whether the file outlives a crash of the machine is not known";
    }
    return made;
}

sdk::Submission Portal::mailed(const sdk::Order& order, const std::string& csv, const sdk::Host& host) const {
    auto mail = mail_;
    mail.password = host.find_secret("smtp_password").value_or("");
    mail.message = order_mail(order, csv, order_file_name(order), mail.from, mail.to.front(), host.utc_ms());
    const auto reply = host.submit(mail);
    sdk::Submission made{.transport = reply.transport, .exchange = reply.exchange};
    if (!reply.reason.empty()) { made.reason = reply.reason; }
    if (reply.transport != sdk::Transport::answered) { return made; }
    // What a mail server refuses is a mail, not an order: nobody at the supplier has seen it.
    made.id_follows = reply.status >= 200 && reply.status < 300;
    made.status = made.id_follows ? taken_for_later : not_now;
    return made;
}

sdk::Lookup Portal::find_order(const std::string& reference, sdk::Host& host) {
    const auto about = inbox_.about(reference, "", host.utc_ms());
    sdk::Lookup answer{.transport = sdk::Transport::answered, .status = found};
    answer.exchange = std::to_string(about.said.size()) + " rows of confirmations and shipments";
    std::vector<sdk::Lookup::Match> matches;
    for (const auto& id : ids_in(about)) {
        sdk::Lookup::Match match{id, ""};
        for (const auto& said : about.said) {
            if (said.id == id || said.id.empty()) { match.supplier_status = said.status; }
        }
        matches.push_back(std::move(match));
    }
    if (matches.empty() && !about.said.empty()) {
        const auto& last = about.said.back();
        if (!refuses(last.status)) {
            answer.reason = last.place + " names it, without an id yet";
            return answer;
        }
        matches.push_back({"", last.status});
    }
    if (matches.empty() && !about.troubles.empty()) {
        answer.reason = joined(about.troubles);
        return answer;
    }
    answer.matches = std::move(matches);
    return answer;
}

std::vector<sdk::Evidence> Portal::get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) {
    const auto about = inbox_.about(order.reference, order.supplier_order_id.value_or(""), host.utc_ms());
    std::vector<sdk::Evidence> all;
    for (const auto& said : about.said) {
        sdk::Evidence evidence;
        evidence.event = said.place;
        evidence.reference = order.reference;
        if (!said.id.empty()) { evidence.supplier_order_id = said.id; }
        evidence.supplier_status = said.status;
        if (!said.tracking.empty()) { evidence.tracking_number = said.tracking; }
        if (!said.carrier.empty()) { evidence.carrier = said.carrier; }
        evidence.occurred_at = said.time;
        all.push_back(std::move(evidence));
    }
    if (all.empty() && !about.troubles.empty()) { throw std::runtime_error(joined(about.troubles)); }
    for (const auto& trouble : about.troubles) { host.warning(trouble); }
    return all;
}

std::string Portal::sync_inventory(sdk::InventorySink& sink, sdk::Host& host) {
    std::string newest;
    std::int64_t modified_ns = 0;
    for (const auto& name : names_in(folder_, stock_)) {
        const auto mark = mark_of(folder_ / name);
        if (!mark || (!newest.empty() && mark->modified_ns < modified_ns)) { continue; }
        newest = name;
        modified_ns = mark->modified_ns;
    }
    if (newest.empty()) { throw std::runtime_error("there is no file " + stock_ + " in " + folder_.string()); }
    FileMark mark;
    const auto content = read_whole(folder_ / newest, host.utc_ms(), quiet_ms_, mark);
    if (!content) { throw std::runtime_error((folder_ / newest).string() + " has gone"); }
    const auto age_ms = host.utc_ms() - mark.modified_ns / ns_per_ms;
    if (stock_age_ms_ > 0 && age_ms > stock_age_ms_) {
        throw std::runtime_error(newest + " is " + std::to_string(age_ms / ms_per_hour) +
                                 " hours old; \"stock_age_hours\" allows " + std::to_string(stock_age_ms_ / ms_per_hour));
    }
    auto rows = read_stock(*content, newest, stock_columns_, end_mark_, currency_);
    for (std::size_t at = 0; at < rows.size(); at += rows_at_once) {
        if (host.canceled()) { throw sdk::Canceled(); }
        const auto end = std::min(rows.size(), at + rows_at_once);
        sink.emit({rows.begin() + static_cast<std::ptrdiff_t>(at), rows.begin() + static_cast<std::ptrdiff_t>(end)});
    }
    return newest + ", " + std::to_string(rows.size()) + " rows";
}

}  // namespace wesellcellular
