#include "accounts.hpp"

namespace {

/// An account whose webhooks speak of pieces and parcels.
sdk::Json speaking() {
    auto settings = minimal();
    return settings.set("handle_webhook", sdk::Json::parse(R"({"evidence":{"event":"e","reference":"${{ .body.ref }}",
        "status":"${{ .body.state }}","tracking_number":"${{ .body.track }}","parcel":"${{ .body.box }}","carrier":"${{ .body.by }}",
        "occurred_at":"${{ .body.at }}",
        "lines":{"each":"${{ .body.lines }}","sku":"${{ .item.art }}","state":"${{ .item.st }}","quantity":"${{ .item.n }}",
            "states":{"shipped":["OUT","SENT"],"backordered":"BO","canceled":7}},
        "parcels":{"each":"${{ .body.parcels }}","status":"${{ .item.state }}","parcel":"${{ .item.box }}",
            "lines":{"each":"${{ .item.in }}","sku":"${{ .item.art }}","state":"shipped","quantity":"${{ .item.n }}"}}}})"));
}

std::string told(const std::string& body) {
    testing::FakeHost host;
    sdk::Json input = sdk::Json::object();
    input.set("body", body).set("headers", sdk::Json::object());
    const auto answer = plugin().start(speaking()).call("handle_webhook", input, host);
    return answer.ok() ? answer.document.find("evidence")->dump() : answer.fault;
}

std::string with(const std::string& members) {
    return R"({"ref":"R","state":"gone","at":"2025-10-30T18:06:39Z",)" + members + "}";
}

/// What stands before and behind the lines.
std::string whole(const std::string& lines) {
    return R"([{"event":"e","reference":"R","supplier_status":"gone",)" + lines + R"("occurred_at":"2025-10-30T18:06:39Z"}])";
}

void tells_pieces_in_our_words() {
    testing::expect_equal(told(with(R"("lines":null)")), whole(""), "null is about the whole order");
    testing::expect_equal(told(with(R"("lines":[])")), whole(""), "as is an empty list");
    testing::expect_equal(
        told(with(
            R"("lines":[{"art":"A","st":"OUT","n":6},{"art":12345678901234567890,"st":"BO","n":"4"},{"art":"A","st":"rejected","n":0},{"art":"A","st":"7","n":1}])")),
        whole(
            R"("lines":[{"sku":"A","state":"shipped","quantity":6},{"sku":"12345678901234567890","state":"backordered","quantity":4},{"sku":"A","state":"rejected","quantity":0},{"sku":"A","state":"canceled","quantity":1}],)"));
    testing::expect_equal(told(with(R"("track":"1Z","box":"b-1","by":"UPS Ground","lines":[])")),
                          whole(R"("tracking_number":"1Z","parcel":"b-1","carrier":"UPS Ground",)"));
}

/// Half a list of pieces would be another statement than the supplier's.
void guesses_nothing_about_pieces() {
    struct Row {
        const char* lines;
        const char* complaint;
    };
    for (const Row& row : {
             Row{R"("lines":{})", "`each` of `lines` comes to no list"},
             Row{R"("lines":[{"st":"OUT","n":1}])", "element 0 of `lines`: `sku` is not there"},
             Row{R"("lines":[{"art":"A","st":"OUT","n":1},{"art":"A","st":"LOST","n":1}])",
                 "element 1 of `lines`: `states` has no word \"LOST\""},
             Row{R"("lines":[{"art":"A","n":1}])", "element 0 of `lines`: `states` has no word \"\""},
             Row{R"("lines":[{"art":"A","st":"OUT"}])", "`quantity` is no number of pieces"},
             Row{R"("lines":[{"art":"A","st":"OUT","n":-1}])", "`quantity` is no number of pieces"},
             Row{R"("lines":[{"art":"A","st":"OUT","n":1.5}])", "`quantity` is no number of pieces"},
             Row{R"("lines":[{"art":"A","st":"OUT","n":"6 pcs"}])", "`quantity` is no number of pieces"},
             Row{R"("lines":[{"art":"A","st":"OUT","n":99999999999999999999}])", "`quantity` is no number of pieces"},
             Row{R"("lines":[{"art":["A"],"st":"OUT","n":1}])", "a list or a mapping stands where a text must be"},
             Row{R"("parcels":"b")", "`each` of `parcels` comes to no list"},
             Row{R"("parcels":[{"box":"b"}])", "`status` of the evidence is not there"},
         }) {
        const auto said = told(with(row.lines));
        testing::expect(said.find(row.complaint) != std::string::npos, std::string(row.lines) + ": " + said);
    }
}

void tells_each_parcel_by_itself() {
    const std::string parcels =
        R"("parcels":[{"state":"gone","box":"b-1","in":[{"art":"A","n":6}]},{"state":"lost","box":"b-2"}])";
    const std::string first =
        R"({"event":"e","reference":"R","supplier_status":"gone","parcel":"b-1","lines":[{"sku":"A","state":"shipped","quantity":6}],"occurred_at":""})";
    const std::string second = R"({"event":"e","reference":"R","supplier_status":"lost","parcel":"b-2","occurred_at":""})";
    testing::expect_equal(told(with(parcels)), "[" + first + "," + second + "]", "a parcel says what the order says");
    testing::expect_equal(told(R"({"ref":"R","state":"packing","at":"2025-10-30T18:06:39Z",)" + parcels + "}"),
                          R"([{"event":"e","reference":"R","supplier_status":"packing","occurred_at":"2025-10-30T18:06:39Z"},)" +
                              first + "," + second + "]",
                          "the order says something else");
}

void refuses_lines_that_say_too_little() {
    struct Row {
        const char* lines;
        const char* complaint;
    };
    for (const Row& row : {
             Row{R"({"each":"x","sku":"x","state":"x"})", R"("handle_webhook.evidence.lines.quantity" is missing)"},
             Row{R"({"each":"x","sku":"x","state":"x","quantity":"x","states":{"lost":"X"}})",
                 R"("handle_webhook.evidence.lines.states.lost" is not known to)"},
             Row{R"([])", R"("handle_webhook.evidence.lines" must be a mapping)"},
         }) {
        auto settings = minimal();
        settings.set("handle_webhook",
                     sdk::Json::parse(R"({"evidence":{"reference":"r","status":"s","lines":)" + std::string(row.lines) + "}}"));
        const auto said = testing::expect_throws([&] { (void)plugin().start(settings); });
        testing::expect(said.find(row.complaint) != std::string::npos, said);
    }
}

}  // namespace

void add_evidence_tests(testing::Suite& suite) {
    suite.test("pieces are told in our words, numbers as they came", tells_pieces_in_our_words);
    suite.test("pieces that are not understood are a fault, and nothing of them is told", guesses_nothing_about_pieces);
    suite.test("each parcel is told by itself, with its number and its content", tells_each_parcel_by_itself);
    suite.test("settings of lines that say too little are refused by name", refuses_lines_that_say_too_little);
}
