#include "accounts.hpp"

#include <vector>

namespace {

sdk::Json stock(const std::string& paging) {
    auto settings = minimal();
    return settings.set(
        "sync_inventory",
        sdk::Json::parse(R"({"path":"/stock","query":{"all":1},"items":"${{ .body.items }}",)"
                         R"("row":{"sku":"${{ .item.sku }}","quantity":"${{ .item.n }}","price":"${{ .item.p }}"},"paging":)" +
                         paging + "}"));
}

std::string page(const std::vector<std::string>& skus, const std::string& more = "") {
    std::string items;
    for (const auto& sku : skus) { items += (items.empty() ? "" : ",") + (R"({"sku":")" + sku + R"(","n":1,"p":231.00})"); }
    return R"({"items":[)" + items + "]" + more + "}";
}

struct Read {
    testing::Answer answer;
    std::vector<std::string> targets;
    std::string rows;
};

Read read(const std::string& paging, testing::FakeHost& host) {
    Read made{plugin().start(stock(paging)).call("sync_inventory", "{}", host), {}, {}};
    constexpr std::size_t root = std::string_view("https://api.acme.example").size();
    for (const auto& request : host.requests()) { made.targets.push_back(request.url.substr(root)); }
    for (const auto& row : host.rows()) { made.rows += row.sku + " " + row.price + ";"; }
    return made;
}

using Targets = std::vector<std::string>;

void expect_read(const Read& found, const Targets& targets, const std::string& rows) {
    testing::expect(found.answer.ok(), found.answer.fault);
    testing::expect_equal(found.rows, rows);
    testing::expect_equal(found.targets.size(), targets.size());
    for (std::size_t i = 0; i < targets.size(); ++i) { testing::expect_equal(found.targets[i], targets[i]); }
}

void reads_numbered_pages() {
    testing::FakeHost host;
    host.answer(200, page({"A", "B"}, R"(,"pages":2)")).answer(200, page({"C"}, R"(,"pages":2)"));
    expect_read(read(R"({"kind":"page","size":2,"size_parameter":"per","pages":"${{ .body.pages }}"})", host),
                {"/stock?all=1&per=2&page=1", "/stock?all=1&per=2&page=2"}, "A 231.00;B 231.00;C 231.00;");
    testing::FakeHost open;
    open.answer(200, page({"A"})).answer(200, page({"B"})).answer(200, page({}));
    expect_read(read(R"({"kind":"page","parameter":"p","first":0})", open),
                {"/stock?all=1&p=0", "/stock?all=1&p=1", "/stock?all=1&p=2"}, "A 231.00;B 231.00;");
}

void reads_by_offset() {
    testing::FakeHost host;
    host.answer(200, page({"A", "B"}, R"(,"total":3)")).answer(200, page({"C"}, R"(,"total":3)"));
    expect_read(read(R"({"kind":"offset","size":2,"size_parameter":"limit","total":"${{ .body.total }}"})", host),
                {"/stock?all=1&limit=2&offset=0", "/stock?all=1&limit=2&offset=2"}, "A 231.00;B 231.00;C 231.00;");
    testing::FakeHost open;
    open.answer(200, page({"A"})).answer(200, page({}));
    expect_read(read(R"({"kind":"offset"})", open), {"/stock?all=1&offset=0", "/stock?all=1&offset=1"}, "A 231.00;");
}

void reads_by_cursor() {
    testing::FakeHost host;
    host.answer(200, page({"A"}, R"(,"next":"a&b=c/2")")).answer(200, page({"B"}, R"(,"next":null)"));
    expect_read(read(R"({"kind":"cursor","next":"${{ .body.next }}"})", host),
                {"/stock?all=1", "/stock?all=1&cursor=a%26b%3Dc%2F2"}, "A 231.00;B 231.00;");
}

void follows_link_headers_on_the_same_server() {
    testing::FakeHost host;
    host.answer(200, page({"A"}),
                {{"Link", R"(<https://API.acme.example/stock?page=9>; rel="last", </stock?page=2>; title="a, b"; rel=next)"}});
    host.answer(200, page({"B"}), {{"link", R"(<?page=3>; rel="next")"}});
    host.answer(200, page({"C"}), {{"Link", R"(</stock?page=1>; rel="prev")"}});
    expect_read(read(R"({"kind":"link"})", host), {"/stock?all=1", "/stock?page=2", "/stock?page=3"},
                "A 231.00;B 231.00;C 231.00;");
    for (const char* const elsewhere : {"https://evil.example/stock", "http://api.acme.example/stock", "//evil.example/stock",
                                        "https://api.acme.example@evil.example/s", "https://api.acme.example:444/stock"}) {
        testing::FakeHost other;
        other.answer(200, page({"A"}), {{"Link", "<" + std::string(elsewhere) + ">; rel=\"next\""}});
        const auto found = read(R"({"kind":"link"})", other);
        testing::expect_equal(found.answer.fault, "sync_inventory page 1: the next page is said to be on another server",
                              elsewhere);
        testing::expect_equal(found.targets.size(), 1);
    }
}

/// Half a feed never passes for a whole one.
void refuses_what_does_not_add_up() {
    struct Row {
        const char* paging;
        std::vector<std::string> pages;
        const char* fault;
    };
    const std::vector<Row> rows{
        {R"({"kind":"cursor","next":"${{ .body.next }}","total":"${{ .body.total }}"})",
         {page({"A"}, R"(,"total":2)")},
         "sync_inventory page 1: it was the last page, and there are 1 of 2 elements"},
        {R"({"kind":"cursor","next":"${{ .body.next }}"})",
         {page({"A"}, R"(,"next":"x")"), page({"B"}, R"(,"next":"x")")},
         "sync_inventory page 3: this page was read before"},
        {R"({"kind":"offset","total":"${{ .body.total }}"})",
         {page({"A"}, R"(,"total":3)"), page({}, R"(,"total":3)")},
         "sync_inventory page 2: it was the last page, and there are 1 of 3 elements"},
        {R"({"kind":"offset","total":"${{ .body.total }}"})",
         {page({"A"}, R"(,"total":3)"), page({"B"}, R"(,"total":2)")},
         "sync_inventory page 2: `total` has changed since the page before"},
        {R"({"kind":"offset","total":"${{ .body.total }}"})",
         {page({"A"})},
         "sync_inventory page 1: `total` comes to null, which is no number"},
        {R"({"kind":"page"})",
         {page({"A"}), page({"A"})},
         "sync_inventory page 2: the SKU A was listed before with the same grade, lock status and warehouse"},
        {R"({"kind":"page"})", {R"({"articles":[]})"}, "sync_inventory page 1: `items` comes to no list"},
        {R"({"kind":"page"})", {"<html>"}, "sync_inventory page 1: `items` comes to no list"},
        {R"({"kind":"page"})",
         {R"({"items":[{"sku":"A","n":"many","p":1}]})"},
         "sync_inventory page 1: element 0: \"quantity\" of A is no number of pieces"},
        {R"({"kind":"page"})",
         {R"({"items":[{"sku":"A","n":1,"p":"1e3"}]})"},
         "sync_inventory page 1: element 0: \"price\" of A is no decimal amount"},
    };
    for (const auto& row : rows) {
        testing::FakeHost host;
        for (const auto& one : row.pages) { host.answer(200, one); }
        const auto found = read(row.paging, host);
        testing::expect_equal(found.answer.status, testing::Status::fault, row.fault);
        testing::expect_equal(found.answer.fault, row.fault);
    }
}

void passes_a_wish_for_a_pause_on() {
    testing::FakeHost host;
    host.answer(429, "{}", {{"Retry-After", "7"}});
    const auto found = read(R"({"kind":"link"})", host);
    testing::expect_equal(found.answer.status, testing::Status::fault);
    testing::expect_equal(found.answer.retry_after_ms.value_or(0), 7000);
}

void stops_when_it_is_canceled() {
    testing::FakeHost host;
    host.cancel_after_batches(1);
    host.answer(200, page({"A"})).answer(200, page({"B"}));
    const auto found = read(R"({"kind":"offset"})", host);
    testing::expect_equal(found.answer.status, testing::Status::canceled);
    testing::expect_equal(found.targets.size(), 1);
}

/// An order on the second page is an order that is there: missing it would place it twice.
void looks_for_an_order_on_all_pages() {
    testing::FakeHost host;
    host.answer(200, R"({"list":[{"ref":"Q","id":1}],"next":"2"})").answer(200, R"({"list":[{"ref":"R","id":2}]})");
    const auto settings = with_find(R"({"path":"/orders","items":"${{ .body.list }}","reference":"${{ .item.ref }}",
        "id":"${{ .item.id }}","paging":{"kind":"cursor","next":"${{ .body.next }}"}})");
    const auto answer = plugin().start(settings).call("find_order", R"({"reference":"R"})", host);
    testing::expect_equal(answer.document.find("matches")->dump(), R"([{"supplier_order_id":"2","supplier_status":""}])");
    testing::FakeHost cut;
    cut.answer(200, R"({"list":[],"next":"2"})").cut();
    testing::expect_equal(plugin().start(settings).call("find_order", R"({"reference":"R"})", cut).status,
                          testing::Status::fault);
}

}  // namespace

void add_paging_tests(testing::Suite& suite) {
    suite.test("numbered pages are read to their end", reads_numbered_pages);
    suite.test("pages by offset are read to their end", reads_by_offset);
    suite.test("pages by cursor are read to their end", reads_by_cursor);
    suite.test("Link headers are followed on the same server, and nowhere else", follows_link_headers_on_the_same_server);
    suite.test("pages that do not add up are refused", refuses_what_does_not_add_up);
    suite.test("a supplier's wish for a pause is passed on", passes_a_wish_for_a_pause_on);
    suite.test("a canceled stock listing asks for no further page", stops_when_it_is_canceled);
    suite.test("an order is looked for on all pages", looks_for_an_order_on_all_pages);
}
