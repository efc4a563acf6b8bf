#include "../maildir.hpp"

#include <crossdock/testing.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace fs = std::filesystem;
namespace testing = crossdock::sdk::testing;

namespace {

/// A folder that goes with the test.
struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "crossdock-file-XXXXXX").string();
        testing::expect(::mkdtemp(name.data()) != nullptr, "a folder");
        path = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    [[nodiscard]] std::string settings() const { return R"({"maildir":")" + path.string() + R"("})"; }
    [[nodiscard]] std::multiset<std::string> names(const char* part) const {
        std::multiset<std::string> found;
        for (const auto& entry : fs::directory_iterator(path / part)) { found.insert(entry.path().filename().string()); }
        return found;
    }
    fs::path path;
};

std::string message(const std::string& id, const std::string& to = "buyer@worldtech.example") {
    return R"({"message_id":"<)" + id + R"(@crossdock.example>","from":"orders@crossdock.example","to":")" + to +
           R"(","subject":"Größe","text":"line one\nline two\n","date":"Thu, 30 Oct 2025 18:06:39 +0000"})";
}

testing::Plugin plugin() {
    return testing::Plugin::load(CROSSDOCK_PLUGIN_FILE);
}

std::string content(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void puts_a_whole_mail_into_new() {
    const Folder folder;
    auto instance = plugin().start(folder.settings());
    testing::FakeHost host;
    const auto answer = instance.call("deliver", message("fact-1"), host);
    testing::expect(answer.ok(), "it answers");
    testing::expect(host.sent().empty(), "nothing leaves by a network");
    testing::expect(folder.names("new") == std::multiset<std::string>{"fact-1.crossdock"}, "one file in new");
    testing::expect(folder.names("tmp").empty(), "none is left in tmp");
    const auto text = content(folder.path / "new" / "fact-1.crossdock");
    testing::expect(text.find("\nTo: buyer@worldtech.example\nSubject: =?UTF-8?B?") != std::string::npos, text);
    testing::expect(text.find("\nMessage-ID: <fact-1@crossdock.example>\n") != std::string::npos, text);
    testing::expect(text.find("line one\nline two\n") != std::string::npos, text);
    testing::expect(text.find('\r') == std::string::npos, "lines end as the system's do");
}

void tells_a_message_once() {
    const Folder folder;
    auto instance = plugin().start(folder.settings());
    testing::FakeHost host;
    for (int i = 0; i < 2; ++i) { testing::expect(instance.call("deliver", message("fact-1"), host).ok(), "it answers"); }
    testing::expect_equal(folder.names("new").size(), std::size_t{1});
    // Read, flagged and moved by a mail reader.
    fs::rename(folder.path / "new" / "fact-1.crossdock", folder.path / "cur" / "fact-1.crossdock:2,S");
    testing::expect(instance.call("deliver", message("fact-1"), host).ok(), "it answers");
    testing::expect(folder.names("new").empty(), "what was read is not told again");
    testing::expect(instance.call("deliver", message("fact-2"), host).ok(), "it answers");
    testing::expect_equal(folder.names("new").size(), std::size_t{1});
}

void begins_anew_what_a_crash_has_left() {
    const Folder folder;
    auto instance = plugin().start(folder.settings());
    std::ofstream(folder.path / "tmp" / "fact-1.crossdock") << "half of an older, longer try " << std::string(10'000, 'x');
    testing::FakeHost host;
    testing::expect(instance.call("deliver", message("fact-1"), host).ok(), "it answers");
    testing::expect(folder.names("tmp").empty(), "tmp is empty");
    testing::expect(content(folder.path / "new" / "fact-1.crossdock").find("xxx") == std::string::npos, "the mail alone");
}

void says_why_not() {
    const Folder folder;
    auto instance = plugin().start(folder.settings());
    fs::remove_all(folder.path / "tmp");
    testing::FakeHost host;
    const auto answer = instance.call("deliver", message("fact-1"), host);
    testing::expect(answer.ok(), "it answers");
    testing::expect_equal(answer.document.need_text("transport"), std::string("not_sent"));
    testing::expect(answer.document.need_text("reason").find("tmp/fact-1.crossdock: No such file") != std::string::npos,
                    answer.document.dump());
    for (const char* const to : {"a@b.example\\r\\nBcc: x@y.example", "nobody"}) {
        testing::expect(instance.call("deliver", message("fact-2", to), host).fault.find("\"to\"") != std::string::npos, to);
    }
    testing::expect(folder.names("new").empty(), "nothing is there");
}

void leads_nowhere_by_a_message_id() {
    testing::expect_equal(file::name_of("<../../etc/x@h>"), std::string("______etc_x.crossdock"));
    testing::expect(file::name_of("<" + std::string(400, 'a') + "@h>").size() < 200, "short enough for a file's name");
}

}  // namespace

int main(int argc, char** argv) {
    testing::Suite suite;
    suite.test("a mail appears whole in new, and nothing is left beside it", puts_a_whole_mail_into_new);
    suite.test("a message that is delivered again, unread or read, is there once", tells_a_message_once);
    suite.test("what a try that died has left is begun anew", begins_anew_what_a_crash_has_left);
    suite.test("a folder that cannot be written is for later, and a smuggled recipient gets nothing", says_why_not);
    suite.test("a Message-ID leads to no other folder", leads_nowhere_by_a_message_id);
    return suite.run(argc, argv);
}
