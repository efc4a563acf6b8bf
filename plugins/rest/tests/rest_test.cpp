#include "accounts.hpp"

#include <filesystem>
#include <set>

namespace {

/// The answers are made up as the sandbox's dialects give them: neither supplier exists.
void plays_its_cassettes() {
    std::size_t played = 0;
    for (const auto& entry : std::filesystem::directory_iterator(CROSSDOCK_CASSETTES)) {
        auto cassette = testing::Cassette::load(entry.path());
        const auto account = entry.path().filename().string().starts_with("northgate") ? "northgate" : "kontor";
        cassette.settings = example(account, cassette.settings);
        const auto differences = testing::play(plugin(), cassette);
        testing::expect(differences.empty(),
                        entry.path().filename().string() + ": " + (differences.empty() ? std::string() : differences.front()));
        ++played;
    }
    testing::expect(played >= 14, "there are cassettes");
}

void has_a_cassette_for_each_operation_of_each_account() {
    std::set<std::string> played;
    for (const auto& entry : std::filesystem::directory_iterator(CROSSDOCK_CASSETTES)) {
        const auto name = entry.path().filename().string();
        played.insert(name.substr(0, name.find('-')) + "." + testing::Cassette::load(entry.path()).operation);
    }
    for (const std::string account : {"northgate", "kontor"}) {
        for (const auto& operation : plugin().operations()) {
            testing::expect(played.contains(account + "." + operation), account + "." + operation);
        }
    }
}

void lacks_what_the_account_does_not_give() {
    for (const char* const operation : {"find_order", "get_order_status", "cancel_order", "sync_inventory", "handle_webhook"}) {
        testing::FakeHost host;
        const auto input = R"({"reference":"R","effect_key":"k","body":"{}","headers":{}})";
        const auto answer = plugin().start(minimal()).call(operation, input, host);
        testing::expect_equal(answer.status, testing::Status::not_supported, operation);
    }
}

/// Nothing that an order contains changes host, path or header.
void encodes_what_it_inserts() {
    const auto settings = minimal(R"({"path":"/orders/${{ .order.id }}/x","query":{"q":"${{ .order.q }}"},
        "headers":{"X-Q":"${{ .order.h }}"},"id":"${{ .body.id }}"})");
    const auto sent = [&](const std::string& order) {
        testing::FakeHost host;
        host.answer(201, R"({"id":"S"})");
        const auto answer =
            plugin().start(settings).call("create_order", R"({"reference":"R","effect_key":"k","order":)" + order + "}", host);
        const auto requests = host.requests();
        return requests.empty() ? "nothing: " + answer.fault : requests.front().url;
    };
    testing::expect_equal(sent(R"({"id":"a/../b?c#d@evil.example","q":"1&admin=1","h":"v"})"),
                          "https://api.acme.example/orders/a%2F..%2Fb%3Fc%23d%40evil.example/x?q=1%26admin%3D1");
    testing::expect_equal(sent(R"({"id":12345678901234567890,"h":"v"})"),
                          "https://api.acme.example/orders/12345678901234567890/x");
    testing::expect_equal(sent(R"({"id":"..","h":"v"})"), "nothing: create_order: a part of the path comes to `..`");
    testing::expect_equal(sent(R"({"id":"","h":"v"})"), "nothing: create_order: a part of the path comes to nothing");
    testing::expect_equal(sent(R"({"h":"v"})"), "nothing: create_order: a part of the path comes to nothing");
    testing::expect_equal(sent(R"({"id":{"a":1}})"), "nothing: a list or a mapping stands where a text must be");
    testing::expect_equal(sent(R"({"id":"1","h":"a\r\nX-Admin: 1"})"),
                          "nothing: create_order: the header X-Q would hold a control character");
}

void writes_a_body_as_the_file_says() {
    const auto settings = minimal(R"({"path":"/orders","id":"${{ .body.id }}","body":{
        "ref":"${{ .reference }}","text":"Order ${{ .reference }}: ${{ .order.n }} for ${{ .order.who }}","n":1.50,"none":null,
        "gone":"${{ .order.nothing }}","odd":"${{ .order.\"odd name\"[1] }}",
        "lines":{"each":"${{ .order.items }}","as":{"art":"${{ .item.sku }}","price":"${{ .item.price }}","of":"${{ .reference }}"}},
        "made":"${{ .order.items | length }}"}})");
    testing::FakeHost host;
    host.answer(201, R"({"id":"S"})").evaluates(".order.items | length", "2");
    const auto order = R"({"reference":"R","effect_key":"k","order":{"n":12345678901234567890,"odd name":[1,231.00],
        "items":[{"sku":"A","price":231.00},{"sku":"B","price":0.10}]}})";
    testing::expect(plugin().start(settings).call("create_order", order, host).ok(), "it answers");
    testing::expect_equal(host.requests().at(0).body,
                          R"({"ref":"R","text":"Order R: 12345678901234567890 for ","n":1.50,"none":null,"odd":231.00,)"
                          R"("lines":[{"art":"A","price":231.00,"of":"R"},{"art":"B","price":0.10,"of":"R"}],"made":2})");
}

/// What the rules of the file make of an answer; the engine has the last word.
void reports_what_rules_say() {
    const auto settings =
        minimal(R"({"path":"/orders","id":"${{ .body.id }}","reference":"${{ .body.ref }}","reason":"${{ .body.why }}",
        "accepted_if":"${{ .body.ok }}","refused_if":"${{ .body.no }}","not_processed_if":"${{ .body.busy }}"})");
    struct Row {
        int status;
        const char* body;
        const char* verdict;
        const char* id;
    };
    for (const Row& row : {
             Row{200, R"({"ok":true,"id":"S"})", "", "S"},
             Row{200, R"({"ok":true,"id":12345678901234567890})", "", "12345678901234567890"},
             Row{200, R"({"ok":true})", "", ""},
             Row{200, R"({"ok":false,"id":"S"})", "unknown", ""},
             Row{200, R"({"id":"S"})", "unknown", ""},
             Row{200, R"({"ok":false,"no":true,"id":"S"})", "refused", ""},
             Row{200, R"({"ok":false,"busy":1})", "not_processed", ""},
             Row{200, R"({"no":true,"busy":true})", "unknown", ""},
             Row{200, R"({"ok":true,"id":"S","ref":"other"})", "unknown", ""},
             Row{200, R"({"ok":true,"id":["S"]})", "unknown", ""},
             Row{200, "<html>", "unknown", ""},
             Row{422, R"({"why":"no such article"})", "", ""},
             Row{502, R"({"no":true})", "", ""},
         }) {
        testing::FakeHost host;
        host.answer(row.status, row.body);
        const auto answer =
            plugin().start(settings).call("create_order", R"({"reference":"R","effect_key":"k","order":{}})", host);
        testing::expect(answer.ok(), row.body);
        testing::expect_equal(answer.document.text("verdict").value_or(""), row.verdict, row.body);
        testing::expect_equal(answer.document.text("supplier_order_id").value_or(""), row.id, row.body);
        testing::expect_equal(answer.document.need_integer("status"), row.status, row.body);
    }
}

void leaves_an_answer_unknown_whose_rule_cannot_be_worked_out() {
    const auto settings = minimal(R"({"path":"/orders","id":"${{ .body.id }}","refused_if":"${{ .body.ok | not }}"})");
    testing::FakeHost host;
    host.answer(200, R"({"ok":true,"id":"S"})").fails_to_evaluate(".body.ok | not", "the evaluator died");
    const auto answer = plugin().start(settings).call("create_order", R"({"reference":"R","effect_key":"k","order":{}})", host);
    testing::expect_equal(answer.document.text("verdict").value_or(""), "unknown");
    testing::expect_equal(answer.document.text("reason").value_or(""), "the answer was not understood: the evaluator died");
    testing::expect(!answer.document.text("supplier_order_id"), "no id");
}

void refuses_settings_that_make_no_sense() {
    struct Row {
        const char* settings;
        const char* complaint;
    };
    for (
        const Row& row : {
            Row{"{}", R"("create_order" is missing (how an order is placed))"},
            Row{R"({"create_order":{}})", R"("create_order.path" is missing)"},
            Row{R"({"create_order":{"path":"orders"}})", R"("create_order.path" must begin with a slash)"},
            Row{R"({"create_order":{"path":"/a?b=c"}})", R"("create_order.path" has a query)"},
            Row{R"({"create_order":{"path":"/a/../b"}})", R"("create_order.path" has a segment)"},
            Row{R"({"create_order":{"path":"/a","mehtod":"PUT"}})",
                R"("create_order.mehtod" is not known to `create_order`; it has method, path)"},
            Row{R"({"create_order":{"path":"/a","method":"SEND"}})", R"("create_order.method" must be one of GET, POST)"},
            Row{R"({"create_order":{"path":"/a"},"auth":{"kind":"magic"}})",
                R"("auth.kind" must be one of none, bearer, basic, header, oauth2)"},
            Row{R"({"create_order":{"path":"/a"},"auth":null})", R"("auth" is missing (how a request says who asks))"},
            Row{R"({"create_order":{"path":"/a"},"auth":{}})", R"("auth.kind" is missing)"},
            Row{R"({"create_order":{"path":"/a"},"auth":{"kind":"basic"}})", R"("auth.username" is missing)"},
            Row{R"({"create_order":{"path":"/a"},"auth":{"kind":"bearer","username":"x"}})",
                R"("auth.username" is not known to `auth` with `kind: bearer`; it has none)"},
            Row{R"({"create_order":{"path":"/a"},"auth":{"kind":"oauth2","client_id":"c"}})", R"("token_url" is missing)"},
            Row{R"({"create_order":{"path":"/a"},"sync_inventory":{"path":"/s","items":"x"}})",
                R"("sync_inventory.row" is missing)"},
            Row{R"({"create_order":{"path":"/a"},"find_order":{"path":"/s","items":"x","reference":"r","id":"i","paging":{"kind":"pages"}}})",
                R"("find_order.paging.kind" must be one of page, offset, cursor, link)"},
            Row{R"({"create_order":{"path":"/a"},"find_order":{"path":"/s","items":"x","reference":"r","id":"i","paging":{"kind":"cursor"}}})",
                R"("find_order.paging.next" is missing)"},
            Row{R"({"create_order":{"path":"/a"},"find_order":{"path":"/s","items":"x","reference":"r","id":"i","paging":{"kind":"link","size":0}}})",
                R"("find_order.paging.size" must be at least 1)"},
            Row{R"({"create_order":{"path":"/a","body":{},"form":{"a":1}}})", "has both `body` and `form`"},
        }) {
        auto settings = testing::Document(row.settings).json();
        settings.set("base_url", "https://api.acme.example");
        if (settings.find("auth") == nullptr) { settings.set("auth", sdk::Json::parse(R"({"kind":"none"})")); }
        const auto said = testing::expect_throws([&] { (void)plugin().start(settings); });
        testing::expect(said.find(row.complaint) != std::string::npos, std::string(row.settings) + " is refused: " + said);
    }
}

void counts_exact_references_in_an_answer_that_it_understands() {
    struct Row {
        int status;
        const char* body;
        const char* matches;
    };
    const auto settings = with_find(R"({"path":"/orders","items":"${{ .body.list }}","reference":"${{ .item.ref }}",
        "id":"${{ .item.id }}","none_is_404":true})");
    for (const Row& row : {
             Row{200, R"({"list":[{"ref":"R","id":1},{"ref":"R-2","id":2}]})",
                 R"([{"supplier_order_id":"1","supplier_status":""}])"},
             Row{200, R"({"list":[]})", "[]"},
             Row{404, R"({"error":"none"})", "[]"},
             Row{404, "<html>", "absent"},
             Row{200, R"({"list":null})", "absent"},
             Row{200, R"({"list":[{"id":1}]})", "absent"},
             Row{200, "[]", "absent"},
             Row{500, R"({"list":[]})", "absent"},
         }) {
        testing::FakeHost host;
        host.answer(row.status, row.body);
        const auto answer = plugin().start(settings).call("find_order", R"({"reference":"R"})", host);
        const auto* matches = answer.document.find("matches");
        testing::expect_equal(matches == nullptr ? "absent" : matches->dump(), row.matches, row.body);
    }
}

}  // namespace

int main(int argc, char** argv) {
    testing::Suite suite;
    suite.test("the cassettes of both examples are played back exactly", plays_its_cassettes);
    suite.test("each operation of each example has a cassette", has_a_cassette_for_each_operation_of_each_account);
    suite.test("an operation that the account gives no request for is not there", lacks_what_the_account_does_not_give);
    suite.test("nothing that an order contains changes a request's host, path or headers", encodes_what_it_inserts);
    suite.test("a body is written as the file says, numbers as they came", writes_a_body_as_the_file_says);
    suite.test("rules over the body refuse, or leave unknown, and never accept", reports_what_rules_say);
    suite.test("an answer whose rule cannot be worked out stays unknown",
               leaves_an_answer_unknown_whose_rule_cannot_be_worked_out);
    suite.test("settings that make no sense are refused by name", refuses_settings_that_make_no_sense);
    suite.test("a lookup counts exact references only, and only in an answer that was understood",
               counts_exact_references_in_an_answer_that_it_understands);
    add_paging_tests(suite);
    add_auth_tests(suite);
    add_joined_tests(suite);
    add_evidence_tests(suite);
    return suite.run(argc, argv);
}
