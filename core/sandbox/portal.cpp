#include "sandbox/portal.hpp"

#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "crypto/crypto.hpp"
#include "sandbox/folder.hpp"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

namespace crossdock::sandbox {
namespace {

namespace fs = std::filesystem;
using Shared = std::shared_ptr<Simulator>;

constexpr milliseconds look_pause{20};
constexpr milliseconds piece_pause{30};

/// The first cell of each row by its title; enough for the files that an adapter writes. Nothing: not to be understood.
std::optional<std::vector<std::map<std::string, std::string>>> read_rows(const std::string& text) {
    std::vector<std::vector<std::string>> cells(1, std::vector<std::string>(1));
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') { cells.back().back() += text[++i]; }
        else if (c == '"') { quoted = !quoted; }
        else if (!quoted && c == ',') { cells.back().emplace_back(); }
        else if (!quoted && c == '\n') { cells.emplace_back(1); }
        else if (quoted || c != '\r') { cells.back().back() += c; }
    }
    // Behind the last line end stands nothing.
    if (quoted || cells.size() < 3 || cells.back().size() != 1 || !cells.back().front().empty()) { return {}; }
    cells.pop_back();
    std::vector<std::map<std::string, std::string>> rows;
    for (std::size_t r = 1; r < cells.size(); ++r) {
        if (cells[r].size() != cells[0].size()) { return {}; }
        auto& row = rows.emplace_back();
        for (std::size_t i = 0; i < cells[r].size(); ++i) { row[cells[0][i]] = cells[r][i]; }
    }
    return rows;
}

std::string quoted_field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) { return text; }
    std::string made = "\"";
    for (const char c : text) { made += c == '"' ? "\"\"" : std::string(1, c); }
    return made + "\"";
}

class Portal {
public:
    explicit Portal(Shared simulator) : self_(std::move(simulator)), options_(self_->options.portal) {}

    void take_orders() {
        std::error_code error;
        std::vector<fs::path> files;
        for (fs::directory_iterator at(options_.outbox, error), end; !error && at != end; at.increment(error)) {
            const auto name = at->path().filename().string();
            if (!name.starts_with('.') && name.ends_with(".csv")) { files.push_back(at->path()); }
        }
        std::sort(files.begin(), files.end());
        for (const auto& file : files) {
            const auto seen = seen_.emplace(file.filename().string(), self_->clock.utc_ms()).first->second;
            if (self_->clock.utc_ms() - seen >= self_->portal.slow.count()) { take(file); }
        }
    }

    /// What stands in the inbox follows the ledger. `force`: also what stands unchanged.
    void write_out(bool force) {
        write("confirmations.csv", confirmations(), force);
        write("shipments.csv", shipments(), force);
        write("stock.csv", stock(), force);
    }

private:
    void take(const fs::path& file) {
        const auto name = file.filename().string();
        const auto text = read_file(file);
        const auto rows = text ? read_rows(*text) : std::nullopt;
        const std::string reference = rows ? rows->front().at("Reference") : "";
        const std::string key = self_->options.idempotency ? name : "";
        const bool known = !key.empty() && self_->ledger.find_by_key(key) != nullptr;
        if (!rows || reference.empty() || known) { static_cast<void>(self_->record(Ledger::post(reference))); }
        else {
            const auto order = self_->accept(reference, key, crypto::sha256_hex(*text));
            if (!order) { return; }
            self_->plan(*order);
        }
        std::error_code error;
        fs::rename(file, options_.taken / name, error);
        if (error) { Log::error("the portal cannot keep an order file", {{"file", name}, {"reason", error.message()}}); }
        seen_.erase(name);
    }

    [[nodiscard]] std::vector<const SupplierOrder*> shown_orders() const {
        std::vector<const SupplierOrder*> list;
        for (const auto& order : self_->ledger.orders()) {
            const bool visible = self_->clock.utc_ms() - order.created_at >= self_->options.visible_after.count();
            if (visible && order.status != "pending") { list.push_back(&order); }
        }
        return list;
    }

    [[nodiscard]] std::string confirmations() const {
        std::string text = "Reference,Order ID,Status,Date\r\n";
        for (const auto* order : shown_orders()) {
            const bool refused = order->status == "rejected";
            const auto row = [&](const std::string& status, UtcMs at) {
                add(text, {order->reference, refused ? "" : order->supplier_order_id, status, rfc3339(at)});
            };
            if (!refused) { row("confirmed", order->created_at); }
            if (order->status != "confirmed" && order->status != "shipped" && order->status != "delivered") {
                row(order->status, order->updated_at);
            }
        }
        return text;
    }

    [[nodiscard]] std::string shipments() const {
        std::string text = "Reference,Order ID,Status,Date,Tracking,Carrier\r\n";
        for (const auto* order : shown_orders()) {
            if (!order->shipped) { continue; }
            add(text, {order->reference, order->supplier_order_id, "shipped", rfc3339(order->updated_at), order->tracking_number,
                       "UPS"});
        }
        return text;
    }

    [[nodiscard]] std::string stock() const {
        std::string text =
            "\xEF\xBB\xBF"
            "Brand,Model,Price,Stock,Color,Storage,SKU,Grade,Lock,Warehouse,Currency\r\n";
        const auto page = self_->ledger.inventory().page(1, 100'000);
        for (const auto& item : page.find("items")->items()) {
            const auto* quantity = item.find("quantity");
            const auto* price = item.find("price");
            add(text, {"", item.text("name"), "$" + price->literal(),
                       quantity->is_string() ? quantity->as_string() : quantity->dump(), "", "", item.text("sku"),
                       item.text("grade"), item.text("lock_status"), item.text("warehouse"), item.text("currency")});
        }
        return text;
    }

    void add(std::string& text, const std::vector<std::string>& cells) const {
        std::string row;
        for (std::size_t i = 0; i < cells.size(); ++i) { row += (i == 0 ? "" : ",") + quoted_field(cells[i]); }
        row += "\r\n";
        text += self_->portal.duplicate ? row + row : row;
    }

    void write(const std::string& name, std::string text, bool force) {
        auto& last = written_[name];
        if (self_->portal.cut) { text.resize(text.size() - std::min<std::size_t>(text.size(), 9)); }
        if (last == text && !force) { return; }
        const auto file = options_.inbox / name;
        if (self_->portal.in_pieces) {
            // As who knows no better: into the file that is being read.
            const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
            const auto half = halves_[name] ? text.size() : text.size() / 2;
            halves_[name] = !halves_[name];
            static_cast<void>(write_all(fd.get(), std::string_view(text).substr(0, half)));
            if (half == text.size()) { last = std::move(text); }
            return;
        }
        if (auto done = write_durably(file, text); done.has_error()) {
            Log::error("the portal cannot write", {{"file", file.string()}, {"reason", done.error().text()}});
            return;
        }
        last = std::move(text);
    }

    Shared self_;
    PortalOptions options_;
    std::map<std::string, UtcMs> seen_;
    std::map<std::string, std::string> written_;
    std::map<std::string, bool> halves_;
};

}  // namespace

Task<void> serve_portal(std::shared_ptr<Simulator> simulator) {
    Portal portal(simulator);
    for (int round = 0; !simulator->stopping; ++round) {
        portal.take_orders();
        // Seldom enough that a reader sees it at rest now and then.
        constexpr int rounds_at_rest = 10;
        portal.write_out(simulator->portal.rewrite && round % rounds_at_rest == 0);
        co_await wait_unless_stopped(simulator, simulator->portal.in_pieces ? piece_pause : look_pause);
    }
}

http::Response change_portal(Simulator& simulator, const Json& body) {
    auto& mood = simulator.portal;
    if (simulator.options.portal.outbox.empty()) { return error_response(404, "not_found", "this supplier has no portal"); }
    mood.slow = milliseconds{body.integer("slow_ms")};
    mood.duplicate = body.boolean("duplicate");
    mood.cut = body.boolean("cut");
    mood.in_pieces = body.boolean("in_pieces");
    mood.rewrite = body.boolean("rewrite");
    return json_response(200, Json::object({{"slow_ms", static_cast<std::int64_t>(mood.slow.count())},
                                            {"duplicate", mood.duplicate},
                                            {"cut", mood.cut},
                                            {"in_pieces", mood.in_pieces},
                                            {"rewrite", mood.rewrite}}));
}

}  // namespace crossdock::sandbox
