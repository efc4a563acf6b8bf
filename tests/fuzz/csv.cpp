// What a supplier's CSV files may hold, under libFuzzer (`./dev fuzz`): titles, stock, confirmations and shipments of the plugin
// wesellcellular. No crash; half a stock is none, and what is read is whole.
#include "../../plugins/wesellcellular/inbox.hpp"
#include "../../plugins/wesellcellular/stock.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

using namespace wesellcellular;

namespace {

constexpr const char* end_mark = "#END";

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

const Columns& stock_titles() {
    static const auto made = stock_columns(
        "sku=SKU, quantity=Stock, price=Price, brand=Brand, model=Model, storage=Storage, color=Color, grade=Grade, "
        "lock_status=Lock, warehouse=Warehouse, currency=Currency");
    return made;
}

std::vector<crossdock::sdk::InventoryRow> stock_of(const std::string& text, const std::string& mark) {
    return read_stock(text, "f", stock_titles(), mark, "USD");
}

bool is_amount(const std::string& price) {
    return !price.empty() && price.find_first_not_of("0123456789.") == std::string::npos && price.find('.') == price.rfind('.');
}

void stock(const std::string& text, const std::string& mark) {
    std::vector<crossdock::sdk::InventoryRow> rows;
    try {
        rows = stock_of(text, mark);
    } catch (const std::runtime_error& error) {
        if (*error.what() == '\0') { fail("a refusal without a reason"); }
        return;
    }
    for (const auto& row : rows) {
        if (row.sku.empty() || row.quantity < 0 || !is_amount(row.price)) { fail("an article that makes no sense"); }
    }
    // Cut within its last row.
    if (rows.empty() || !text.ends_with('\n')) { return; }
    const auto cut = text.substr(0, text.size() - (text.ends_with("\r\n") ? 2 : 1));
    if (cut.empty() || cut.ends_with('\n') || !mark.empty()) { return; }
    try {
        (void)stock_of(cut, mark);
        fail("a stock without its last line end was taken");
    } catch (const std::runtime_error&) { return; }
}

void confirmations(const std::string& text, bool shipments, const std::string& mark) {
    static const auto confirmed =
        confirmation_columns("reference=Reference, id=Order ID, status=Status, time=Date, reason=Reason");
    static const auto shipped =
        shipment_columns("reference=Reference, id=Order ID, status=Status, time=Date, tracking=Tracking, carrier=Carrier");
    const auto& columns = shipments ? shipped : confirmed;
    std::string trouble;
    const auto said = said_in(text, "f", columns, mark, shipments, trouble);
    for (const auto& one : said) {
        if (one.reference.empty() && one.id.empty()) { fail("a row about no order"); }
        if (one.status.empty()) { fail("a row without a status"); }
        if (!one.time.empty() && !is_rfc3339(one.time)) { fail("a time that is none"); }
    }
    // What stands before a cut is said as before, as far as it was whole.
    std::string other;
    const auto fewer = said_in(text.substr(0, text.size() / 2), "f", columns, mark, shipments, other);
    if (fewer.size() > said.size()) { fail("half a file says more than the whole"); }
    for (std::size_t i = 0; i < fewer.size(); ++i) {
        if (fewer[i].reference != said[i].reference || fewer[i].id != said[i].id || fewer[i].status != said[i].status) {
            fail("half a file says something else");
        }
    }
}

void titles(const std::string& text) {
    try {
        const auto made = stock_columns(text);
        if (made.titles().size() < made.required().size()) { fail("a required column is missing"); }
    } catch (const std::runtime_error&) { return; }
}

/// A field is read as it was written.
void field(const std::string& text) {
    if (text.find('\0') != std::string::npos || text.size() > CsvLimits{}.field_bytes) { return; }
    const auto written = "a," + csv_field(text) + "\r\n";
    CsvReader reader(written, "f");
    const auto row = reader.next();
    // A lone CR stands in quotes, where it is text.
    if (!row || row->fields.size() != 2 || row->fields[1] != text || !row->ended) { fail("a field is read as another"); }
}

}  // namespace

/// The first byte chooses what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) { return 0; }
    const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::string mark = (data[0] & 8U) != 0 ? end_mark : "";
    switch (data[0] % 5) {
        case 0: stock(text, mark); break;
        case 1: confirmations(text, false, mark); break;
        case 2: confirmations(text, true, mark); break;
        case 3: titles(text); break;
        default: field(text); break;
    }
    return 0;
}
