#include "model/effect.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::model;

namespace {

using Transport = Submission::Transport;

constexpr UtcMs now = 1'000'000;

EffectRules rules(EffectClass effect_class) {
    EffectRules made;
    made.effect_class = effect_class;
    made.key_valid_for = milliseconds{60'000};
    made.visible_within = milliseconds{30'000};
    made.request_timeout = milliseconds{10'000};
    made.attempts_max = 3;
    made.backoff = milliseconds{2'000};
    made.backoff_max = milliseconds{5'000};
    return made;
}

/// One send, begun just now.
EffectState sent_once(bool may_have_left = false) {
    return {1, now - 1'000, now + 4'000, may_have_left};
}

}  // namespace

TEST_CASE("an answer is judged by what the account's file lists", "[model][unit]") {
    const StatusLists lists{{200, 201}, {400, 422}, {401, 503}};
    struct Row {
        Submission submission;
        Verdict verdict;
    };
    const auto row = GENERATE(
        Row{{Transport::answered, 200, true}, Verdict::accepted}, Row{{Transport::answered, 201, true}, Verdict::accepted},
        Row{{Transport::answered, 200, false}, Verdict::unknown}, Row{{Transport::answered, 202, true}, Verdict::unknown},
        Row{{Transport::answered, 400, false}, Verdict::refused}, Row{{Transport::answered, 404, false}, Verdict::unknown},
        Row{{Transport::answered, 429, false}, Verdict::not_sent}, Row{{Transport::answered, 401, false}, Verdict::not_sent},
        Row{{Transport::answered, 403, false}, Verdict::unknown}, Row{{Transport::answered, 500, false}, Verdict::unknown},
        Row{{Transport::answered, 502, false}, Verdict::unknown}, Row{{Transport::answered, 503, false}, Verdict::not_sent},
        Row{{Transport::answered, 504, false}, Verdict::unknown}, Row{{Transport::answered, 0, true}, Verdict::unknown},
        Row{{Transport::cut, 200, true}, Verdict::unknown}, Row{{Transport::not_sent, 200, true}, Verdict::not_sent});
    CAPTURE(row.submission.status, row.submission.has_id);
    CHECK(name(classify(row.submission, lists)) == name(row.verdict));
}

TEST_CASE("a rule over the body counts more than the status, accepts nothing, and is not believed of a server that fails",
          "[model][unit]") {
    const StatusLists lists{{200}, {422}, {503}};
    struct Row {
        Submission submission;
        Verdict verdict;
    };
    const auto row = GENERATE(Row{{Transport::answered, 200, true, false, Verdict::refused}, Verdict::refused},
                              Row{{Transport::answered, 200, true, false, Verdict::not_sent}, Verdict::not_sent},
                              Row{{Transport::answered, 200, true, false, Verdict::unknown}, Verdict::unknown},
                              Row{{Transport::answered, 200, true, false, Verdict::accepted}, Verdict::unknown},
                              Row{{Transport::answered, 422, false, false, Verdict::unknown}, Verdict::unknown},
                              Row{{Transport::answered, 404, false, false, Verdict::refused}, Verdict::refused},
                              Row{{Transport::answered, 500, false, false, Verdict::refused}, Verdict::unknown},
                              Row{{Transport::answered, 502, false, false, Verdict::not_sent}, Verdict::unknown},
                              Row{{Transport::answered, 503, false, false, Verdict::not_sent}, Verdict::unknown},
                              Row{{Transport::cut, 0, false, false, Verdict::refused}, Verdict::unknown},
                              Row{{Transport::not_sent, 0, false, false, Verdict::refused}, Verdict::not_sent});
    CAPTURE(row.submission.status, name(*row.submission.by_rule));
    CHECK(name(classify(row.submission, lists)) == name(row.verdict));
    // A cancellation needs no id, and a rule's word all the same.
    CHECK(name(classify(row.submission, lists, false)) == name(row.verdict));
}

TEST_CASE("with nothing listed no answer is believed, except that 429 was not processed", "[model][unit]") {
    for (const int status : {200, 201, 400, 401, 403, 422, 500, 503}) {
        CAPTURE(status);
        CHECK(classify({Transport::answered, status, true}, {}) == Verdict::unknown);
    }
    CHECK(classify({Transport::answered, 429, false}, {}) == Verdict::not_sent);
}

TEST_CASE("a mail server's answer is judged by its first digit", "[model][unit]") {
    CHECK(classify_mail({Transport::answered, 250, false}) == Verdict::accepted);
    CHECK(classify_mail({Transport::answered, 451, false}) == Verdict::not_sent);
    CHECK(classify_mail({Transport::answered, 550, false}) == Verdict::refused);
    for (const int not_let_in : {530, 534, 535, 538}) {
        CHECK(classify_mail({Transport::answered, not_let_in, false}) == Verdict::not_sent);
    }
    CHECK(classify_mail({Transport::answered, 354, false}) == Verdict::unknown);
    CHECK(classify_mail({Transport::cut, 250, false}) == Verdict::unknown);
    CHECK(classify_mail({Transport::not_sent, 0, false}) == Verdict::not_sent);
}

TEST_CASE("a posted message's outcome is read from HTTP's statuses", "[model][unit]") {
    const auto of = [](int status) { return classify_post({Transport::answered, status, false}); };
    for (const int status : {200, 201, 202, 204, 299}) { CHECK(of(status) == Verdict::accepted); }
    for (const int status : {401, 403, 408, 410, 425, 429, 503}) { CHECK(of(status) == Verdict::not_sent); }
    for (const int status : {300, 301, 308, 400, 404, 405, 413, 422, 451}) { CHECK(of(status) == Verdict::refused); }
    for (const int status : {0, 100, 199, 500, 502, 504, 599, 999}) { CHECK(of(status) == Verdict::unknown); }
    CHECK(classify_post({Transport::cut, 200, false}) == Verdict::unknown);
    CHECK(classify_post({Transport::not_sent, 200, false}) == Verdict::not_sent);
}

TEST_CASE("the weaker of two classes holds", "[model][unit]") {
    CHECK(weaker(EffectClass::idempotent, EffectClass::lookup) == EffectClass::lookup);
    CHECK(weaker(EffectClass::unsafe, EffectClass::idempotent) == EffectClass::unsafe);
    CHECK(effect_class_named("idempotent") == EffectClass::idempotent);
    CHECK_FALSE(effect_class_named("safe").has_value());
}

TEST_CASE("an unknown outcome is resolved as its class says", "[model][unit]") {
    struct Row {
        EffectClass effect_class;
        Next next;
        Next when_used_up;
    };
    const auto row =
        GENERATE(Row{EffectClass::idempotent, Next::send, Next::ask}, Row{EffectClass::lookup, Next::ask, Next::ask},
                 Row{EffectClass::repeatable, Next::send, Next::dead_letter}, Row{EffectClass::unsafe, Next::park, Next::park});
    CAPTURE(name(row.effect_class));
    const auto decision = after_send(Verdict::unknown, rules(row.effect_class), sent_once(), now, 0.5);
    CHECK(name(decision.next) == name(row.next));
    auto used_up = sent_once();
    used_up.attempts = 3;
    CHECK(name(after_send(Verdict::unknown, rules(row.effect_class), used_up, now, 0.5).next) == name(row.when_used_up));
    // A daemon that died knows as much as one whose answer was cut.
    CHECK(name(on_recovery(rules(row.effect_class), sent_once(), now).next) == name(row.next));
    CHECK(on_recovery(rules(row.effect_class), sent_once(), now).at == now);
    CHECK_FALSE(decision.reason.empty());
}

TEST_CASE("a supplier that nobody can ask is not asked: a person looks", "[model][unit]") {
    auto asked = rules(EffectClass::lookup);
    asked.can_ask = false;
    CHECK(name(after_send(Verdict::unknown, asked, sent_once(), now, 0.5, {}).next) == name(Next::park));
    CHECK(name(on_recovery(asked, sent_once(), now).next) == name(Next::park));
    auto keyed = rules(EffectClass::idempotent);
    keyed.can_ask = false;
    CHECK(name(after_send(Verdict::unknown, keyed, sent_once(), now, 0.5, {}).next) == name(Next::send));
    auto old = sent_once();
    old.first_intent_at = now - 60'000;
    CHECK(name(after_send(Verdict::unknown, keyed, old, now, 0.5, {}).next) == name(Next::park));
    old = sent_once();
    old.attempts = 3;
    CHECK(name(after_send(Verdict::unknown, keyed, old, now, 0.5, {}).next) == name(Next::park));
}

TEST_CASE("a key is used again only while the supplier honours it, counted from the first intent", "[model][unit]") {
    auto state = sent_once();
    state.first_intent_at = now - 59'999;
    CHECK(after_send(Verdict::unknown, rules(EffectClass::idempotent), state, now, 0).next == Next::send);
    CHECK(on_recovery(rules(EffectClass::idempotent), state, now).next == Next::send);
    state.first_intent_at = now - 60'000;
    CHECK(after_send(Verdict::unknown, rules(EffectClass::idempotent), state, now, 0).next == Next::ask);
    CHECK(on_recovery(rules(EffectClass::idempotent), state, now).next == Next::ask);
}

TEST_CASE("what was not sent is simply tried again, until its attempts are used up", "[model][unit]") {
    const auto effect_class =
        GENERATE(EffectClass::unsafe, EffectClass::lookup, EffectClass::idempotent, EffectClass::repeatable);
    auto state = sent_once();
    CHECK(after_send(Verdict::not_sent, rules(effect_class), state, now, 0).next == Next::send);
    state.attempts = 3;
    CHECK(after_send(Verdict::not_sent, rules(effect_class), state, now, 0).next == Next::dead_letter);
    CHECK(after_send(Verdict::accepted, rules(effect_class), state, now, 0).next == Next::settle_accepted);
    CHECK(after_send(Verdict::refused, rules(effect_class), state, now, 0).next == Next::settle_refused);
}

TEST_CASE("no send begins after its deadline, and an unknown outcome is resolved all the same", "[model][unit]") {
    const auto with_deadline = [](EffectClass effect_class, std::int64_t ms) {
        auto made = rules(effect_class);
        made.deadline = milliseconds{ms};
        return made;
    };
    // The next attempt would be due 200 ms from now at the earliest, which is 1200 ms after the first.
    const auto classes = GENERATE(EffectClass::unsafe, EffectClass::lookup, EffectClass::idempotent, EffectClass::repeatable);
    CHECK(after_send(Verdict::not_sent, with_deadline(classes, 1'200), sent_once(), now, 0).next == Next::send);
    const auto late = after_send(Verdict::not_sent, with_deadline(classes, 1'199), sent_once(), now, 0);
    CHECK(late.next == Next::dead_letter);
    CHECK(late.reason == "its deadline of 1199ms leaves no further attempt; nothing was sent");
    CHECK(after_send(Verdict::accepted, with_deadline(classes, 1), sent_once(), now, 0).next == Next::settle_accepted);

    struct Row {
        EffectClass effect_class;
        Next unknown;
    };
    const auto row = GENERATE(Row{EffectClass::unsafe, Next::park}, Row{EffectClass::lookup, Next::ask},
                              Row{EffectClass::idempotent, Next::ask}, Row{EffectClass::repeatable, Next::dead_letter});
    const auto passed = with_deadline(row.effect_class, 999);
    CHECK(after_send(Verdict::unknown, passed, sent_once(), now, 0).next == row.unknown);
    CHECK(on_recovery(passed, sent_once(), now).next == row.unknown);
    CHECK(before_send(passed, sent_once(true), now, now)->next == row.unknown);
    CHECK(before_send(passed, sent_once(), now, now)->next == Next::dead_letter);
    CHECK_FALSE(before_send(with_deadline(row.effect_class, 1'000), sent_once(true), now, now));
    CHECK_FALSE(before_send(rules(row.effect_class), sent_once(true), now, now));
    CHECK_FALSE(before_send(passed, EffectState{}, now, now));

    const auto absent =
        after_ask(Found{0, now + 60'000}, with_deadline(EffectClass::lookup, 60'000), sent_once(), now + 60'050, 0);
    CHECK(absent.next == Next::dead_letter);
    CHECK(absent.reason == "not at the supplier, and its deadline of 1m leaves no further attempt");
}

TEST_CASE("retries back off, spread, and heed the supplier's wish up to the longest pause", "[model][unit]") {
    const auto wait = [](int attempts, double jitter, std::optional<milliseconds> asked = {}) {
        EffectState state = sent_once();
        state.attempts = attempts;
        EffectRules long_rules = rules(EffectClass::lookup);
        long_rules.attempts_max = 100;
        return after_send(Verdict::not_sent, long_rules, state, now, jitter, asked).at - now;
    };
    CHECK(wait(1, 0.5) == 1'000);
    CHECK(wait(2, 0.5) == 2'000);
    CHECK(wait(50, 0.5) == 2'500);  // backoff_max, halved by the jitter
    CHECK(wait(1, 0.0) == 200);     // never at once
    CHECK(wait(1, 0.5, milliseconds{3'000}) == 3'000);
    CHECK(wait(1, 0.5, milliseconds{100}) == 1'000);
    CHECK(wait(1, 0.5, milliseconds{3'600'000}) == 5'000);
}

TEST_CASE("an order that was taken, and whose id follows, is asked for and not sent again", "[model][unit]") {
    const StatusLists lists{{200, 202}, {422}, {}};
    const Submission taken{Transport::answered, 202, false, true};
    CHECK(is_taken(taken, lists));
    CHECK_FALSE(is_taken({Transport::answered, 202, false, false}, lists));
    CHECK_FALSE(is_taken({Transport::answered, 202, true, true}, lists));
    CHECK_FALSE(is_taken({Transport::answered, 500, false, true}, lists));
    CHECK_FALSE(is_taken({Transport::cut, 0, false, true}, lists));
    CHECK(classify(taken, lists) == Verdict::unknown);

    CHECK(after_taken(rules(EffectClass::idempotent), 1'000)->next == Next::ask);
    CHECK(after_taken(rules(EffectClass::lookup), 1'000)->next == Next::ask);
    CHECK_FALSE(after_taken(rules(EffectClass::unsafe), 1'000));
    auto mute = rules(EffectClass::idempotent);
    mute.can_ask = false;
    CHECK_FALSE(after_taken(mute, 1'000));
}

TEST_CASE("an order that was taken and never shows up is for a person, not for a second sending", "[model][unit]") {
    const auto lookup = rules(EffectClass::lookup);
    EffectState state{1, 1'000'000, 1'005'000};
    const UtcMs conclusive = state.last_not_after + lookup.request_timeout.count() + lookup.visible_within.count();
    CHECK(after_ask(Found{0, conclusive}, lookup, state, conclusive, 0).next == Next::send);
    state.taken = true;
    CHECK(after_ask(Found{0, conclusive - 1}, lookup, state, conclusive - 1, 0).next == Next::ask);
    const auto late = after_ask(Found{0, conclusive}, lookup, state, conclusive, 0);
    CHECK(late.next == Next::park);
    CHECK(late.reason.find("does not show it after 30s") != std::string::npos);
    CHECK(after_ask(Found{1, conclusive}, lookup, state, conclusive, 0).next == Next::settle_accepted);
}

TEST_CASE("an order that may become visible late is looked for now and then, less and less often", "[model][unit]") {
    auto made = rules(EffectClass::lookup);
    made.visible_within = milliseconds{86'400'000};
    made.backoff = milliseconds{2'000};
    made.backoff_max = milliseconds{300'000};
    const EffectState state{1, 1'000'000, 1'005'000};
    const UtcMs conclusive = state.last_not_after + made.request_timeout.count() + made.visible_within.count();
    UtcMs at = state.last_not_after;
    milliseconds pause{0};
    int asked = 0;
    while (at < conclusive) {
        const auto decision = after_ask(Found{0, at}, made, state, at, 0);
        REQUIRE(decision.next == Next::ask);
        REQUIRE(decision.at > at);
        REQUIRE(decision.at <= conclusive);
        if (decision.at < conclusive) {
            CHECK(milliseconds{decision.at - at} >= pause);
            pause = milliseconds{decision.at - at};
            CHECK(pause <= made.backoff_max);
        }
        at = decision.at;
        ++asked;
    }
    CHECK(at == conclusive);
    CHECK(asked > 288);
    CHECK(asked < 340);
    CHECK(after_ask(Found{0, at}, made, state, at, 0).next == Next::send);
}

TEST_CASE("an order counts as absent only when asked after it must have become visible", "[model][unit]") {
    const auto state = sent_once();
    const UtcMs conclusive = state.last_not_after + 10'000 + 30'000;
    const auto asked = [&](std::size_t matches, UtcMs at) {
        return after_ask(Found{matches, at}, rules(EffectClass::lookup), state, at + 50, 0);
    };
    const auto early = asked(0, conclusive - 1);
    CHECK(early.next == Next::ask);
    CHECK(early.at == conclusive);
    CHECK(asked(0, conclusive).next == Next::send);
    CHECK(asked(1, conclusive - 1).next == Next::settle_accepted);
    CHECK(asked(2, conclusive).next == Next::park);
    auto used_up = state;
    used_up.attempts = 3;
    CHECK(after_ask(Found{0, conclusive}, rules(EffectClass::lookup), used_up, conclusive, 0).next == Next::dead_letter);
    CHECK(after_ask(Found{0, conclusive}, rules(EffectClass::unsafe), state, conclusive, 0).next == Next::park);
}

TEST_CASE("a question that failed is asked again, never taken for an answer", "[model][unit]") {
    const auto again = after_ask({}, rules(EffectClass::lookup), sent_once(), now, 0.5);
    CHECK(again.next == Next::ask);
    CHECK(again.at > now);
}

TEST_CASE("what may have left before is not taken for unsent by an attempt that was", "[model][unit]") {
    EffectState state = sent_once();
    state.attempts = 2;
    state.may_have_left = true;
    const auto after = [&](EffectClass effect_class) {
        return after_send(Verdict::not_sent, rules(effect_class), state, now, 0.5);
    };
    CHECK(after(EffectClass::idempotent).next == Next::send);
    CHECK(after(EffectClass::lookup).next == Next::send);
    CHECK(after(EffectClass::unsafe).next == Next::park);
    state.attempts = 3;
    CHECK(after(EffectClass::idempotent).next == Next::ask);
    CHECK(after(EffectClass::lookup).next == Next::ask);
    CHECK(after(EffectClass::repeatable).next == Next::dead_letter);
    auto deaf = rules(EffectClass::idempotent);
    deaf.can_ask = false;
    CHECK(after_send(Verdict::not_sent, deaf, state, now, 0.5).next == Next::park);
}

TEST_CASE("a refusal behind an attempt that may have left is believed only after the supplier was asked", "[model][unit]") {
    EffectState state = sent_once();
    state.may_have_left = true;
    CHECK(after_send(Verdict::refused, rules(EffectClass::idempotent), state, now, 0.5).next == Next::ask);
    auto deaf = rules(EffectClass::idempotent);
    deaf.can_ask = false;
    CHECK(after_send(Verdict::refused, deaf, state, now, 0.5).next == Next::settle_refused);
    state.may_have_left = false;
    CHECK(after_send(Verdict::refused, rules(EffectClass::idempotent), state, now, 0.5).next == Next::settle_refused);
}

TEST_CASE("a send that has waited past the life of its key asks instead", "[model][unit]") {
    const auto idempotent = rules(EffectClass::idempotent);
    EffectState state = sent_once();  // its key is valid until now + 59 s
    state.may_have_left = true;
    CHECK_FALSE(before_send(idempotent, state, now, now + 58'999));
    const auto late = before_send(idempotent, state, now, now + 59'000);
    REQUIRE(late);
    CHECK(late->next == Next::ask);
    CHECK(late->at == now);
    state.may_have_left = false;
    CHECK_FALSE(before_send(idempotent, state, now, now + 59'000));
    CHECK_FALSE(before_send(rules(EffectClass::lookup), state, now, now + 59'000));
    // The next try would come after it, too.
    state.may_have_left = true;
    auto slow = idempotent;
    slow.backoff = milliseconds{120'000};
    slow.backoff_max = milliseconds{120'000};
    CHECK(after_send(Verdict::not_sent, slow, state, now, 0.99).next == Next::ask);
}

TEST_CASE("a cancellation needs no id, and is settled by how the order stands", "[model][unit]") {
    const StatusLists lists{{200, 202}, {409}, {503}};
    CHECK(classify({Transport::answered, 202, false}, lists, false) == Verdict::accepted);
    CHECK(classify({Transport::answered, 409, false}, lists, false) == Verdict::refused);
    CHECK(classify({Transport::answered, 404, false}, lists, false) == Verdict::unknown);
    const auto lookup = rules(EffectClass::lookup);
    const auto asked = [&](std::size_t matches, Standing standing, UtcMs at, int attempts = 1) {
        EffectState state = sent_once();
        state.attempts = attempts;
        return after_cancel_ask(Found{matches, at}, standing, lookup, state, now, 0.5).next;
    };
    const UtcMs conclusive = now + 4'000 + 10'000 + 30'000;
    CHECK(asked(1, Standing::ended, now) == Next::settle_accepted);
    CHECK(asked(1, Standing::shipped, now) == Next::settle_refused);
    CHECK(asked(1, Standing::open, now) == Next::ask);
    CHECK(asked(1, Standing::open, conclusive) == Next::send);
    CHECK(asked(1, Standing::open, conclusive, 3) == Next::dead_letter);
    CHECK(asked(0, Standing::open, conclusive) == Next::park);
    CHECK(asked(2, Standing::ended, conclusive) == Next::park);
    CHECK(after_cancel_ask({}, Standing::open, lookup, sent_once(), now, 0.5).next == Next::ask);
}
