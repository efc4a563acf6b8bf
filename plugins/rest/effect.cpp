#include "adapter.hpp"

#include <stdexcept>

namespace rest {
namespace {

/// A body of that status may be a proxy's.
constexpr int server_error = 500;

std::optional<std::string> text_at(const std::optional<Template>& written, const Scope& scope) {
    if (!written) { return {}; }
    auto text = written->render_text(scope);
    if (text.empty()) { return {}; }
    return text;
}

std::vector<std::string> with_answer(std::vector<std::string> names) {
    names.insert(names.end(), {"status", "headers", "body", "item"});
    return names;
}

}  // namespace

sdk::Schema Effect::settings(std::string_view method, const std::vector<std::string>& sees) {
    const auto answer = with_answer(sees);
    return Request::settings(sdk::Schema{}, method)
        .expression("id", "the supplier's own order id in the answer")
        .optional()
        .sees(answer)
        .expression("status", "the supplier's word for the order's status")
        .optional()
        .sees(answer)
        .expression("reason", "why it refused")
        .optional()
        .sees(answer)
        .expression("reference", "our reference, repeated; an answer that names another one is of another order")
        .optional()
        .sees(answer)
        .expression("accepted_if", "without it a listed status and an id are enough")
        .optional()
        .sees(answer)
        .expression("refused_if", "the answer refuses, whatever its status")
        .optional()
        .sees(answer)
        .expression("not_processed_if", "the supplier certainly did nothing, whatever the status")
        .optional()
        .sees(answer);
}

Effect::Effect(std::string name, const sdk::Json& settings)
    : request_(std::move(name), settings),
      id_(Template::member(settings, "id")),
      status_(Template::member(settings, "status")),
      reason_(Template::member(settings, "reason")),
      reference_(Template::member(settings, "reference")),
      accepted_if_(Template::member(settings, "accepted_if")),
      refused_if_(Template::member(settings, "refused_if")),
      not_processed_if_(Template::member(settings, "not_processed_if")) {}

/// `made` has transport and status; here come what the body says, and a verdict where a rule gives one.
void Effect::read(sdk::Submission& made, const Scope& scope) const {
    const auto holds = [&](const std::optional<Template>& rule) { return rule && rule->holds(scope); };
    if (auto why = text_at(reason_, scope)) { made.reason = std::move(why); }
    const auto named = text_at(reference_, scope);
    const auto* ours = scope.find("reference");
    if (named && ours != nullptr && *named != ours->text()) {
        made.reason = "the answer speaks of the order " + *named + ", not of " + ours->text();
        made.verdict = sdk::Verdict::unknown;
        return;
    }
    made.supplier_status = text_at(status_, scope);
    const bool refused = holds(refused_if_);
    const bool not_processed = holds(not_processed_if_);
    if (refused && not_processed) {
        made.reason = "both `refused_if` and `not_processed_if` hold";
        made.verdict = sdk::Verdict::unknown;
    }
    else if (refused) { made.verdict = sdk::Verdict::refused; }
    else if (not_processed) { made.verdict = sdk::Verdict::not_processed; }
    else if (accepted_if_ && made.status < 300 && !accepted_if_->holds(scope)) { made.verdict = sdk::Verdict::unknown; }
    if (!made.verdict) { made.supplier_order_id = text_at(id_, scope); }
}

sdk::Submission Effect::run(Client& client, const sdk::Host& host, sdk::Json asked) const {
    const auto request = request_.make(Scope(host, asked));
    const auto reply = client.send(request, host);
    sdk::Submission made;
    made.transport = reply.transport;
    made.status = reply.status;
    made.retry_after_ms = reply.retry_after_ms;
    made.exchange = reply.exchange;
    if (!reply.reason.empty()) { made.reason = reply.reason; }
    if (reply.transport != sdk::Transport::answered || reply.status >= server_error) { return made; }
    const auto document = answer_document(std::move(asked), reply);
    if (!reply.body.empty() && !reply.json()) {
        made.reason = "the answer is no JSON";
        // A cancellation needs no id: without this, any page with status 200 would be a yes.
        if (reply.status < 300) { made.verdict = sdk::Verdict::unknown; }
        return made;
    }
    try {
        read(made, Scope(host, document));
    } catch (const std::exception& error) {
        made.supplier_order_id.reset();
        made.verdict = sdk::Verdict::unknown;
        made.reason = std::string("the answer was not understood: ") + error.what();
    }
    return made;
}

}  // namespace rest
