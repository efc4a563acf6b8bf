#include "app/intake.hpp"

#include "app/intake_state.hpp"
#include "base/journal_point.hpp"
#include "crypto/crypto.hpp"

#include <algorithm>

namespace crossdock::app {
namespace {

constexpr std::size_t files_at_once = 100;
constexpr std::size_t document_bytes_max = 16U << 20U;  ///< the most that `limits: order_body` can be
constexpr const char* folder_owner = "intake/folder";

using Shared = std::shared_ptr<Intake::State>;

/// False: nothing can be taken now, whatever the file.
Task<Result<bool>> take_file(Shared state, std::string name) {
    const auto folder = *state->folder;
    std::function<Result<std::string>()> read = [folder, name] { return folder.read(name, document_bytes_max); };
    auto content = co_await aside<Result<std::string>>(state, std::move(read));
    if (!content) { co_return content.error(); }
    const std::string digest = crypto::sha256_hex(*content);
    const auto response = co_await state->needs.api.take_document(std::move(*content), folder_owner);
    if (response.status >= 500) { co_return false; }
    const bool taken = response.status == 202;
    const std::string reason = taken ? "" : reason_of(response);
    if (!taken) {
        Refused refused{"file", name, state->config.folder->path.string(), digest, reason};
        const auto told = co_await tell_refused(state, std::move(refused));
        if (!told) { co_return told.error(); }
    }
    std::function<Result<>()> move = [folder, name, taken, reason]() -> Result<> {
        CrashPoint::pass(External::intake_file, Side::before);
        auto moved = taken ? folder.finish(name) : folder.fail(name, reason);
        CrashPoint::pass(External::intake_file, Side::after);
        return moved;
    };
    const auto moved = co_await aside<Result<>>(state, std::move(move));
    if (!moved) { co_return moved.error(); }
    if (taken) { Log::info("an order was taken from the folder", {{"file", name}}); }
    else { Log::warning("a file holds no order that can be taken; it is in failed/", {{"file", name}, {"reason", reason}}); }
    co_return true;
}

}  // namespace

Task<Result<>> tell_refused(Shared state, Refused refused) {
    std::function<int(store::Tx&)> unit = [state, refused](store::Tx& tx) {
        // A file may be called anything.
        const std::string shown = json_quoted(refused.name);
        const std::string about = "Intake " + refused.what + " " + shown;
        std::string why = refused.reason;
        std::replace(why.begin(), why.end(), '\n', ' ');
        state->needs.facts.alert(tx, "intake/" + refused.what + "/" + refused.place + "/" + refused.name + "/" + refused.digest,
                                 about, Json::object({{refused.what, refused.name}, {"place", refused.place}}),
                                 "the " + refused.what + " " + shown + " of " + refused.place +
                                     " holds no order that can be taken: " + why.substr(0, why.find_last_not_of(' ') + 1));
        return 0;
    };
    const auto stored = co_await state->needs.store.commit<int>(Commit::intake_refuse, std::move(unit));
    if (!stored) { co_return stored.error(); }
    co_return Result<>{};
}

std::string reason_of(const http::Response& response) {
    std::string text = std::to_string(response.status);
    const auto problem = Json::parse(response.body);
    if (!problem) { return text + "\n"; }
    text += " " + problem->text("title") + "\n" + problem->text("detail") + "\n";
    if (const Json* errors = problem->find("errors"); errors != nullptr && errors->is_array()) {
        for (const auto& error : errors->items()) { text += error.text("pointer") + " " + error.text("message") + "\n"; }
    }
    return text;
}

Task<void> follow_folder(Shared state) {
    Trouble trouble("the intake folder " + state->config.folder->path.string());
    while (!state->stopping) {
        const auto ticket = state->stopped.ticket();
        const auto folder = *state->folder;
        std::function<Result<std::vector<std::string>>()> look = [folder] { return folder.waiting(files_at_once); };
        const auto names = co_await aside<Result<std::vector<std::string>>>(state, std::move(look));
        if (!names) { trouble.began(names.error().text()); }
        bool going = names.has_value();
        bool all_well = going;
        for (std::size_t i = 0; going && i < names->size() && !state->stopping; ++i) {
            const auto taken = co_await take_file(state, names->at(i));
            going = !taken || *taken;
            if (!taken) {
                trouble.began(taken.error().text());
                all_well = false;
            }
        }
        if (all_well) { trouble.ended(); }
        // More may wait than was looked at.
        if (all_well && going && names->size() == files_at_once) { continue; }
        if (!state->stopping) { co_await state->stopped.wait(ticket, state->config.folder->every); }
    }
}

Intake::Intake(Needs needs, IntakeConfig config, std::optional<std::string> outbox_password)
    : state_(std::make_shared<State>(needs, std::move(config))) {
    if (!state_->config.outbox) { return; }
    state_->connection = state_->config.outbox->connection;
    if (outbox_password) {
        std::string quoted;
        for (const char c : *outbox_password) {
            if (c == '\'' || c == '\\') { quoted += '\\'; }
            quoted += c;
        }
        state_->connection += " password='" + quoted + "'";
    }
}

Intake::~Intake() = default;

Result<> Intake::start() {
    if (state_->config.folder) {
        auto folder = DropFolder::open(state_->config.folder->path);
        if (!folder) { return folder.error(); }
        state_->folder = std::move(*folder);
        spawn(state_->needs.executor, follow_folder(state_));
    }
    if (state_->config.outbox) { spawn(state_->needs.executor, follow_outbox(state_)); }
    return {};
}

void Intake::stop() {
    state_->stopping = true;
    state_->stopped.notify();
}

bool Intake::idle() const {
    return state_->aside == 0;
}

}  // namespace crossdock::app
