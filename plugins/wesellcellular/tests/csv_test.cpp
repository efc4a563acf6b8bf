#include "../csv.hpp"
#include "../files.hpp"
#include "../inbox.hpp"
#include "../stock.hpp"
#include "support.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace wesellcellular::tests {
namespace {

using testing::expect;
using testing::expect_equal;
using testing::expect_throws;

std::vector<CsvRow> rows_of(const std::string& text, const CsvLimits& limits = {}) {
    CsvReader reader(text, "f.csv", limits);
    std::vector<CsvRow> rows;
    while (auto row = reader.next()) { rows.push_back(std::move(*row)); }
    return rows;
}

void expect_in(const std::string& text, const std::string& part) {
    expect(text.find(part) != std::string::npos, "\"" + text + "\" lacks \"" + part + "\"");
}

/// xorshift64: the same numbers on every machine.
class Numbers {
public:
    explicit Numbers(std::uint64_t seed) : state_(seed) {}
    std::size_t below(std::size_t limit) {
        state_ ^= state_ << 13U;
        state_ ^= state_ >> 7U;
        state_ ^= state_ << 17U;
        return static_cast<std::size_t>(state_ % limit);
    }

private:
    std::uint64_t state_;
};

void reads_what_rfc_4180_writes() {
    const auto rows = rows_of(
        "\xEF\xBB\xBF"
        "a,\"b \"\"c\"\"\",\"d,\r\ne\"\r\n\r\n1,,\n\"\",x,\"y\"");
    expect_equal(rows.size(), 3);
    expect_equal(rows[0].fields[1], "b \"c\"");
    expect_equal(rows[0].fields[2], "d,\r\ne");
    expect_equal(rows[1].line, 4);
    expect_equal(rows[1].fields.size(), 3);
    expect_equal(rows[1].fields[2], "");
    expect_equal(rows[2].fields[2], "y");
    expect(rows[1].ended && !rows[2].ended, "only the last row lacks its line end");
}

void refuses_what_is_none() {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"a\n\"b", "f.csv:2: a quote that is never closed"},
        {"a\n\"b\n\n\n", "f.csv:2: a quote that is never closed"},
        {"a\nb\"c\n", "f.csv:2: a quote inside of a field"},
        {"\"a\"b\n", "f.csv:1: text behind a closing quote"},
        {"a\rb\n", "f.csv:1: a carriage return without a line feed"},
        {std::string("a\n\0\n", 4), "f.csv:2: a NUL byte"},
        {"a,b,c\n", "f.csv:1: more than 2 columns"},
        {"a\nb\nc\nd\n", "f.csv:4: more than 3 rows"},
        {"a\n12345\n", "f.csv:2: a field longer than 4 bytes"},
    };
    for (const auto& [text, what] : cases) {
        expect_in(expect_throws([&text = text] { (void)rows_of(text, {.field_bytes = 4, .columns = 2, .rows = 3}); }), what);
    }
}

void reads_back_what_it_writes() {
    Numbers numbers(20'251'030);
    const std::string letters = "ab,\"\r\n; '=+-\xC3\xA9";
    for (int round = 0; round < 3'000; ++round) {
        std::vector<std::vector<std::string>> table(1 + numbers.below(4));
        std::string text;
        const auto width = 2 + numbers.below(4);
        for (auto& row : table) {
            for (std::size_t i = 0; i < width; ++i) {
                std::string field;
                for (auto length = numbers.below(6); length > 0; --length) { field += letters[numbers.below(letters.size())]; }
                text += (i == 0 ? "" : ",") + csv_field(field);
                row.push_back(std::move(field));
            }
            text += "\r\n";
        }
        const auto rows = rows_of(text);
        expect_equal(rows.size(), table.size(), text);
        for (std::size_t i = 0; i < rows.size(); ++i) { expect(rows[i].fields == table[i], text); }
    }
}

/// Mutations of a stock file end in rows or in an error that names the file, never in anything else.
void survives_any_bytes() {
    const std::string good =
        "Brand,Model,Price,Stock,Color,Storage,SKU\r\nApple,\"iPhone \"\"12\"\"\",\"$1,231.00\",100+,Black,64GB,A-1\r\n"
        "Google,Pixel 7,199.5,0,\"Snow,\r\nwhite\",128GB,A-2\r\n#END,2\r\n";
    const auto columns = stock_columns("sku=SKU,quantity=Stock,price=Price,brand=Brand,model=Model,storage=Storage,color=Color");
    Numbers numbers(7);
    const std::string bytes = std::string("\",\r\n\0$.+-9#", 11) + "\xFF\xEF\xBB\xBF";
    int whole = 0;
    int refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text = good;
        for (auto changes = numbers.below(4); changes > 0; --changes) {
            const auto at = numbers.below(text.size());
            const auto kind = numbers.below(4);
            if (kind == 0) { text[at] = bytes[numbers.below(bytes.size())]; }
            else if (kind == 1) { text.insert(at, 1, bytes[numbers.below(bytes.size())]); }
            else if (kind == 2) { text.erase(at, 1 + numbers.below(9)); }
            else { text.resize(at); }
            if (text.empty()) { text = " "; }
        }
        try {
            for (const auto& row : read_stock(text, "stock.csv", columns, "#END", "USD")) {
                expect(!row.sku.empty() && row.quantity >= 0 && crossdock::sdk::is_decimal(row.price), text);
            }
            ++whole;
        } catch (const testing::Failed&) { throw; } catch (const std::runtime_error& error) {
            expect_in(error.what(), "stock.csv:");
            ++refused;
        }
    }
    expect(whole > 1'000 && refused > 1'000, "both ends were reached");
}

void reads_prices_exactly() {
    const std::vector<std::pair<std::string, std::string>> good{{"231", "231"},
                                                                {"231.00", "231.00"},
                                                                {" $231.00 ", "231.00"},
                                                                {"$1,234.50", "1234.50"},
                                                                {"1,234,567", "1234567"},
                                                                {"USD 9.99", "9.99"},
                                                                {"9.99 USD", "9.99"},
                                                                {"99999999999999999999.01", "99999999999999999999.01"},
                                                                {"0.1", "0.1"}};
    for (const auto& [written, price] : good) { expect_equal(exact_price(written, "USD"), price, written); }
    for (const char* const written : {"",
                                      "$",
                                      ".5",
                                      "5.",
                                      "1,23",
                                      "1,2345",
                                      ",123",
                                      "1,234,",
                                      "12,34.5",
                                      "1.234,50",
                                      "-1",
                                      "+1",
                                      "1e3",
                                      "\xE2\x82\xAC"
                                      "5",
                                      "1 234",
                                      "0x10",
                                      "1.2.3",
                                      "call us",
                                      "EUR 5",
                                      "$-5",
                                      "$$5"}) {
        expect_in(expect_throws([&] { (void)exact_price(written, "USD"); }), "is no exact amount");
    }
    expect_throws([] { (void)exact_price("$5", "EUR"); });
}

void names_bad_stock_rows() {
    const auto columns = stock_columns("sku=SKU,quantity=Stock,price=Price");
    const auto wrong = [&](const std::string& rows) {
        return expect_throws([&] { (void)read_stock("SKU,Stock,Price\n" + rows, "s.csv", columns, "", "USD"); });
    };
    expect_in(wrong("A,1,2\nB,many,2\nC,1,2\nD,1,two\n"),
              "2 rows cannot be read: s.csv:3: \"quantity\" of B is no number of pieces; "
              "s.csv:5: the price \"two\" is no exact amount");
    expect_in(wrong("A,1,2\nA,2,2\n"), "1 row cannot be read: s.csv:3: the SKU A stands with other values on line 2");
    expect_in(wrong(",1,2\n"), "s.csv:2: there is no SKU");
    expect_in(wrong("A,1,2\nB,1\n"), "s.csv:3: 2 fields, and the first row has 3");
    expect_in(wrong("A,1,2\nB,1,23"), "s.csv:3: the last row has no line end");
    expect_equal(read_stock("SKU,Stock,Price\nA,1,2\nA,1,2\n", "s.csv", columns, "", "USD").size(), 1,
                 "a repeated row is passed over");
    expect_in(expect_throws([&] { (void)read_stock("SKU,Price\nA,1\n", "s.csv", columns, "", "USD"); }),
              "s.csv:1: there is no column \"Stock\"");
    expect_in(expect_throws([&] { (void)read_stock("SKU,Stock,sku\n", "s.csv", columns, "", "USD"); }),
              "two columns are called \"sku\"");
    expect_in(expect_throws([&] { (void)read_stock("", "s.csv", columns, "", "USD"); }), "s.csv:1: the file is empty");
}

void wants_its_end_mark() {
    const auto columns = stock_columns("sku=SKU,quantity=Stock,price=Price");
    const auto read = [&](const std::string& text) { return read_stock(text, "s.csv", columns, "#END", "USD"); };
    expect_equal(read("SKU,Stock,Price\nA,1,2\n#END,1\n").size(), 1);
    expect_equal(read("SKU,Stock,Price\nA,1,2\n#END").size(), 1);
    expect_in(expect_throws([&] { (void)read("SKU,Stock,Price\nA,1,2\n"); }), "lacks its end mark #END");
    expect_in(expect_throws([&] { (void)read("SKU,Stock,Price\nA,1,2\n#END,2\n"); }), "counts 2 rows, and there are 1");
    expect_in(expect_throws([&] { (void)read("SKU,Stock,Price\n#END,0\nA,1,2\n"); }), "s.csv:3: a row behind the end mark");
}

void refuses_columns_that_make_no_sense() {
    for (const auto& [setting, what] :
         std::vector<std::pair<std::string, std::string>>{{"sku", "takes pairs such as sku=SKU"},
                                                          {"sku=A,sku=B", "has \"sku\" twice"},
                                                          {"colour=C", "does not know \"colour\""},
                                                          {"sku=", "gives \"sku\" no column"},
                                                          {"sku=A,price=P", "must say which column is \"quantity\""},
                                                          {"/a=A", "does not know"}}) {
        expect_in(expect_throws([&setting = setting] { (void)stock_columns(setting); }), what);
    }
}

void knows_times() {
    for (const char* const good : {"2025-10-30T18:06:39Z", "2025-10-30T18:06:39.123Z", "2024-02-29T00:00:00+05:30"}) {
        expect(is_rfc3339(good), good);
    }
    for (const char* const bad :
         {"", "2025-10-30", "10/30/2025", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-10-30T24:00:00Z",
          "2025-10-30T18:06:39", "2025-10-30T18:06:39.Z", "2025-10-30T18:06:39+0530", "2025-10-30 18:06:39Z"}) {
        expect(!is_rfc3339(bad), bad);
    }
}

void lists_whole_files_only() {
    const Folder folder;
    for (const char* const name : {"stock.csv", "stock-2.csv", ".stock-3.csv", "stock-4.csv.part", "stock-5.csv~", "other.csv"}) {
        folder.write(name, "x\n");
    }
    expect_equal(names_in(folder.path(), "stock*.csv").size(), 2);
    expect_equal(names_in(folder.path(), "stock*").size(), 2);
    expect_equal(names_in(folder.path(), "stock.csv").size(), 1);
    expect_throws([] { (void)names_in("/nowhere/at/all", "*"); });
}

void drops_a_file_once() {
    const Folder folder;
    const auto never = [] { return false; };
    expect(drop(folder.path(), "a.csv", "one\n", never) == Dropped::made, "it is made");
    expect(drop(folder.path(), "a.csv", "one\n", never) == Dropped::there, "it is there");
    expect_in(expect_throws([&] { (void)drop(folder.path(), "a.csv", "two\n", never); }), "with other content");
    expect_equal(folder.read("a.csv"), "one\n");
    expect(!drop(folder.path(), "b.csv", "one\n", [] { return true; }), "it is given up");
    // Another one was quicker, between our look and our name.
    expect_throws([&] {
        (void)drop(folder.path(), "c.csv", "ours\n", [&] {
            folder.write("c.csv", "theirs\n");
            return false;
        });
    });
    expect_equal(folder.read("c.csv"), "theirs\n");
    folder.write(".d.csv.part", "what a crash left");
    expect(drop(folder.path(), "d.csv", "one\n", never) == Dropped::made, "what a crash left is no hindrance");
    expect_equal(folder.names().size(), 3, "nothing half-written stays");
    expect_throws([&] { (void)drop(folder.path() / "none", "a.csv", "one\n", never); });
}

}  // namespace

void add_csv_tests(testing::Suite& suite) {
    suite.test("CSV is read as RFC 4180 writes it", reads_what_rfc_4180_writes);
    suite.test("what is no CSV is refused with file and line", refuses_what_is_none);
    suite.test("what was written as CSV is read back, 3,000 tables of hostile fields", reads_back_what_it_writes);
    suite.test("20,000 mutations of a stock file end in rows or in an error with its place", survives_any_bytes);
    suite.test("a price is read exactly or not at all", reads_prices_exactly);
    suite.test("stock rows that cannot be read are named by file and line", names_bad_stock_rows);
    suite.test("with an end mark a file is whole only when it has it", wants_its_end_mark);
    suite.test("columns that make no sense are refused by name", refuses_columns_that_make_no_sense);
    suite.test("only a time that can be read in one way is one", knows_times);
    suite.test("files that are being written are not listed", lists_whole_files_only);
    suite.test("an order file appears once, whole, and replaces nothing", drops_a_file_once);
}

}  // namespace wesellcellular::tests
