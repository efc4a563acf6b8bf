#include "model/pace.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

using namespace crossdock;
using model::CallKind;
using model::Pace;
using model::PaceRules;
using model::PeerSign;
using model::ShutReason;
using model::Turn;
using What = model::PeerSign::What;

namespace {

constexpr PeerSign well{What::well, 200};
constexpr PeerSign failing{What::failing, 500};
constexpr PeerSign refused{What::refused, 401};

PaceRules unlimited() {
    return {};
}

/// `calls` per `per`, `burst` at once.
PaceRules limited(std::int64_t calls, milliseconds per, std::int64_t burst) {
    PaceRules rules;
    rules.limits.rate = calls;
    rules.limits.rate_per = per;
    rules.limits.burst = burst;
    return rules;
}

Turn end(Pace& pace, const model::Pass& pass, const PeerSign& sign, BootMs now, CallKind kind = CallKind::send,
         bool probes = true) {
    return pace.leave(pass, kind, sign, probes, now, 0);
}

/// One call of an effect that may go now.
Turn call(Pace& pace, const PeerSign& sign, BootMs now, bool probes = true) {
    const auto pass = pace.enter(now);
    REQUIRE(pass);
    return end(pace, *pass, sign, now, CallKind::send, probes);
}

/// Repeatable numbers (SplitMix64).
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t below(std::uint64_t bound) {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t mixed = (state_ ^ (state_ >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return (mixed ^ (mixed >> 31U)) % bound;
    }

private:
    std::uint64_t state_;
};

}  // namespace

TEST_CASE("whenever calls come, no span sees more of them than burst and rate allow, and the rate is used up", "[model][unit]") {
    const auto seed = GENERATE(range(1, 21));
    Dice dice(static_cast<std::uint64_t>(seed));
    const auto rate = static_cast<std::int64_t>(1 + dice.below(50));
    const milliseconds per{static_cast<std::int64_t>(100 + dice.below(5'000))};
    const auto burst = static_cast<std::int64_t>(1 + dice.below(20));
    Pace pace(limited(rate, per, burst));
    std::vector<BootMs> begun;
    BootMs now = 1'000;
    // As busy as can be, with pauses now and then.
    for (int i = 0; i < 400; ++i) {
        if (const auto pass = pace.enter(now)) {
            begun.push_back(now);
            (void)end(pace, *pass, well, now);
            continue;
        }
        const auto next = pace.next_at(now);
        REQUIRE(next);
        REQUIRE(*next > now);
        CHECK_FALSE(pace.enter(*next - 1));
        now = *next + (dice.below(20) == 0 ? static_cast<BootMs>(dice.below(20'000)) : 0);
    }
    for (std::size_t first = 0; first < begun.size(); ++first) {
        for (std::size_t last = first; last < std::min(begun.size(), first + 60); ++last) {
            const auto span = begun[last] - begun[first];
            const auto allowed = burst + (span * rate + per.count() - 1) / per.count();
            REQUIRE(static_cast<std::int64_t>(last - first + 1) <= allowed);
        }
    }
}

TEST_CASE("in flight is never more than allowed, and reads leave a slot and the turn to orders", "[model][unit]") {
    const auto seed = GENERATE(range(1, 21));
    Dice dice(static_cast<std::uint64_t>(seed));
    PaceRules rules = unlimited();
    rules.limits.concurrency = static_cast<std::int64_t>(1 + dice.below(6));
    Pace pace(rules);
    std::vector<std::pair<model::Pass, CallKind>> open;
    bool waiting = false;
    for (int i = 0; i < 2'000; ++i) {
        const auto choice = dice.below(4);
        if (choice == 0 && !open.empty()) {
            const auto at = open.begin() + static_cast<std::ptrdiff_t>(dice.below(open.size()));
            (void)end(pace, at->first, well, i, at->second);
            open.erase(at);
        }
        else if (choice == 1) {
            const auto pass = pace.enter_read(i);
            if (pass) {
                CHECK_FALSE(waiting);
                open.emplace_back(*pass, CallKind::read);
                CHECK((rules.limits.concurrency == 1 || static_cast<std::int64_t>(open.size()) < rules.limits.concurrency));
            }
        }
        else {
            const auto pass = pace.enter(i);
            waiting = !pass;
            pace.orders_wait(waiting);
            if (pass) { open.emplace_back(*pass, CallKind::send); }
            else { CHECK(static_cast<std::int64_t>(open.size()) == rules.limits.concurrency); }
        }
        REQUIRE(static_cast<std::int64_t>(open.size()) <= rules.limits.concurrency);
    }
}

TEST_CASE("a call that was not made costs neither slot nor token", "[model][unit]") {
    PaceRules rules = limited(1, milliseconds{1'000}, 1);
    rules.limits.concurrency = 1;
    Pace pace(rules);
    const auto pass = pace.enter(0);
    REQUIRE(pass);
    CHECK_FALSE(pace.enter(0));
    pace.give_back(*pass, CallKind::send);
    CHECK(pace.enter(0));
}

TEST_CASE("failures in a row open the breaker, and a good answer or time between them keeps it closed", "[model][unit]") {
    PaceRules rules = unlimited();
    rules.breaker = {3, milliseconds{60'000}, milliseconds{10'000}, milliseconds{900'000}};
    Pace pace(rules);
    SECTION("three in a row") {
        CHECK(call(pace, failing, 0).what == Turn::What::none);
        CHECK(call(pace, failing, 1).what == Turn::What::none);
        const auto turn = call(pace, failing, 2);
        CHECK(turn.what == Turn::What::shut);
        CHECK(turn.why == ShutReason::failing);
        CHECK(pace.room(3) == 0);
        CHECK_FALSE(pace.enter_read(3));
    }
    SECTION("one good answer between") {
        for (int i = 0; i < 50; ++i) { CHECK(call(pace, i % 3 == 2 ? well : failing, i).what == Turn::What::none); }
    }
    SECTION("too far apart") {
        for (int i = 0; i < 50; ++i) { CHECK(call(pace, failing, i * 40'000).what == Turn::What::none); }
    }
}

TEST_CASE("an open breaker lets one probe through at a time, after pauses that grow up to a cap", "[model][unit]") {
    PaceRules rules = unlimited();
    rules.breaker = {1, milliseconds{60'000}, milliseconds{10'000}, milliseconds{60'000}};
    Pace pace(rules);
    CHECK(call(pace, failing, 0).what == Turn::What::shut);
    BootMs now = 0;
    // Without jitter half of the pause, never less.
    for (const BootMs wait : {5'000, 10'000, 20'000, 30'000, 30'000}) {
        CHECK(pace.next_at(now) == now + wait);
        CHECK_FALSE(pace.enter(now + wait - 1));
        now += wait;
        const auto probe = pace.enter(now);
        REQUIRE(probe);
        CHECK(probe->probe);
        CHECK_FALSE(pace.enter(now));
        CHECK_FALSE(pace.enter_read(now));
        CHECK(end(pace, *probe, failing, now).what == Turn::What::still_shut);
    }
    now = *pace.next_at(now);
    const auto probe = pace.enter(now);
    REQUIRE(probe);
    const auto turn = end(pace, *probe, well, now);
    CHECK(turn.what == Turn::What::open);
    CHECK(turn.why == ShutReason::failing);
    CHECK(pace.room(now) == rules.limits.concurrency);
}

TEST_CASE("what began before the breaker opened neither closes nor lengthens it", "[model][unit]") {
    PaceRules rules = unlimited();
    rules.breaker.failures = 1;
    Pace pace(rules);
    const auto early = pace.enter(0);
    const auto late = pace.enter(0);
    REQUIRE((early && late));
    CHECK(call(pace, failing, 0).what == Turn::What::shut);
    const auto at = pace.next_at(0);
    CHECK(end(pace, *early, well, 1).what == Turn::What::none);
    CHECK(end(pace, *late, failing, 1).what == Turn::What::none);
    CHECK(pace.next_at(1) == at);
}

TEST_CASE("a Retry-After holds the whole account for that long, but no longer than its cap, then one goes first",
          "[model][unit]") {
    PaceRules rules = unlimited();
    rules.breaker.pause_max = milliseconds{60'000};
    Pace pace(rules);
    const auto [asked, held] = GENERATE(table<std::int64_t, BootMs>({{7'000, 7'000}, {3'600'000, 60'000}}));
    const auto turn = call(pace, {What::busy, 429, milliseconds{asked}}, 0);
    CHECK(turn.what == Turn::What::shut);
    CHECK(turn.why == ShutReason::busy);
    CHECK_FALSE(pace.enter(held - 1));
    const auto probe = pace.enter(held);
    REQUIRE(probe);
    CHECK_FALSE(pace.enter(held));
    CHECK(end(pace, *probe, well, held).what == Turn::What::open);
    CHECK(pace.room(held) > 1);
}

TEST_CASE("refused credentials let nothing through but probes, and none where a probe could do harm", "[model][unit]") {
    Pace pace(unlimited());
    SECTION("a probe may be made") {
        CHECK(call(pace, refused, 0).what == Turn::What::shut);
        CHECK(pace.shut()->why == ShutReason::credentials);
        const auto at = pace.next_at(0);
        REQUIRE(at);
        CHECK(pace.probe_due(*at) == 401);
        const auto probe = pace.enter(*at);
        REQUIRE(probe);
        CHECK(end(pace, *probe, refused, *at).what == Turn::What::still_shut);
        CHECK(*pace.next_at(*at) - *at == 2 * *at);
    }
    SECTION("none may") {
        CHECK(call(pace, refused, 0, false).what == Turn::What::shut);
        CHECK_FALSE(pace.next_at(0));
        CHECK_FALSE(pace.probe_due(1'000'000'000));
        CHECK_FALSE(pace.enter(1'000'000'000));
        CHECK_FALSE(pace.enter_read(1'000'000'000));
        pace.open();
        // One at a time until one has gone well: the others are not to share its fate.
        const auto first = pace.enter(1'000'000'000);
        REQUIRE(first);
        CHECK_FALSE(pace.enter(1'000'000'000));
        CHECK(end(pace, *first, well, 1'000'000'000).what == Turn::What::none);
        CHECK(pace.room(1'000'000'000) > 1);
    }
    SECTION("a question was refused, then an order that must not be a probe") {
        const auto order = pace.enter(0);
        const auto question = pace.enter_read(0);
        REQUIRE((order && question));
        CHECK(end(pace, *question, refused, 0, CallKind::read).what == Turn::What::shut);
        CHECK(pace.next_at(0));
        CHECK(end(pace, *order, refused, 0, CallKind::send, false).what == Turn::What::still_shut);
        CHECK_FALSE(pace.next_at(0));
    }
}

TEST_CASE("credentials that are good for questions only let one order through after each, ever more seldom", "[model][unit]") {
    Pace pace(unlimited());
    BootMs now = 0;
    BootMs before = 0;
    for (int i = 0; i < 4; ++i) {
        CHECK(call(pace, refused, now).what == Turn::What::shut);
        const auto at = pace.next_at(now);
        REQUIRE(at);
        CHECK(*at - now > before);
        before = *at - now;
        now = *at;
        const auto question = pace.enter_read(now);
        REQUIRE(question);
        CHECK(end(pace, *question, well, now, CallKind::read).what == Turn::What::open);
        CHECK(pace.room(now) == 1);
    }
}

TEST_CASE("other limits hold at once, and neither fill the bucket nor let go what is shut", "[model][unit]") {
    Pace pace(limited(1, milliseconds{60'000}, 5));
    for (int i = 0; i < 5; ++i) { REQUIRE(pace.enter(0)); }
    CHECK_FALSE(pace.enter(0));
    pace.change(limited(1, milliseconds{60'000}, 50));
    CHECK_FALSE(pace.enter(0));
    pace.change(limited(100, milliseconds{1'000}, 2));
    CHECK(pace.room(0) == 2);
    CHECK(call(pace, refused, 0).what == Turn::What::shut);
    pace.change(unlimited());
    CHECK(pace.room(0) == 0);
}

TEST_CASE("an answer says of the account what it should", "[model][unit]") {
    const model::StatusLists lists{{200, 201}, {400, 422}, {503}};
    using Transport = model::Submission::Transport;
    struct Row {
        model::Submission submission;
        std::optional<milliseconds> retry_after;
        What what;
    };
    const milliseconds soon{2'000};
    const auto row = GENERATE_COPY(
        Row{{Transport::answered, 201, true}, {}, What::well}, Row{{Transport::answered, 422, false}, {}, What::well},
        Row{{Transport::answered, 404, false}, {}, What::well}, Row{{Transport::answered, 200, false}, {}, What::failing},
        Row{{Transport::answered, 500, false}, {}, What::failing}, Row{{Transport::answered, 503, false}, {}, What::failing},
        Row{{Transport::answered, 503, false}, soon, What::busy}, Row{{Transport::answered, 429, false}, soon, What::busy},
        Row{{Transport::answered, 429, false}, {}, What::failing}, Row{{Transport::answered, 401, false}, {}, What::refused},
        Row{{Transport::answered, 403, false}, soon, What::refused}, Row{{Transport::cut, 0, false}, {}, What::failing},
        Row{{Transport::not_sent, 0, false}, {}, What::failing});
    CAPTURE(row.submission.status, static_cast<int>(row.submission.transport));
    CHECK(static_cast<int>(model::sign_of_send(row.submission, lists, row.retry_after).what) == static_cast<int>(row.what));
}

TEST_CASE("a 403 that the account's file lists as a refusal is one, and says nothing of our credentials", "[model][unit]") {
    const model::StatusLists lists{{200}, {403}, {}};
    const model::Submission submission{model::Submission::Transport::answered, 403, false};
    CHECK((model::sign_of_send(submission, lists, {}).what == What::well));
    // And as a probe it would reject the order.
    CHECK_FALSE(model::may_probe({}, {1, 0, 0}, lists, 403, 0));
}

TEST_CASE("only an order that is sent or asked for again anyway may try whether credentials are good", "[model][unit]") {
    model::EffectRules rules;
    rules.key_valid_for = milliseconds{60'000};
    model::StatusLists lists{{200}, {422}, {}};
    SECTION("by its class") {
        const auto [effect_class, can_ask, may] = GENERATE(table<model::EffectClass, bool, bool>({
            {model::EffectClass::idempotent, true, true},
            {model::EffectClass::idempotent, false, true},
            {model::EffectClass::lookup, true, true},
            {model::EffectClass::lookup, false, false},
            {model::EffectClass::unsafe, true, false},
        }));
        rules.effect_class = effect_class;
        rules.can_ask = can_ask;
        CHECK(model::may_probe(rules, {1, 0, 0}, lists, 401, 0) == may);
    }
    SECTION("an unsafe one where 401 means that nothing was done, as long as it has attempts left") {
        lists.not_processed = {401};
        CHECK(model::may_probe(rules, {1, 0, 0}, lists, 401, 0));
        CHECK_FALSE(model::may_probe(rules, {rules.attempts_max, 0, 0}, lists, 401, 0));
    }
    SECTION("an idempotent one whose key has run out and that nobody can ask for") {
        rules.effect_class = model::EffectClass::idempotent;
        rules.can_ask = false;
        CHECK_FALSE(model::may_probe(rules, {1, 0, 0}, lists, 401, 60'000));
    }
}

TEST_CASE("nothing goes to a disabled account, no probe either, and what ends there still counts", "[model][unit]") {
    Pace pace(unlimited());
    const auto before = pace.enter(0);
    REQUIRE(before);
    pace.disable(true);
    CHECK(pace.room(0) == 0);
    CHECK_FALSE(pace.enter(0));
    CHECK_FALSE(pace.enter_read(0));
    CHECK_FALSE(pace.next_at(0));
    CHECK(pace.in_flight() == 1);
    CHECK(end(pace, *before, refused, 10).what == Turn::What::shut);
    CHECK(pace.in_flight() == 0);
    // However late: a probe that would be due is not let through.
    constexpr BootMs late = 100'000'000;
    CHECK_FALSE(pace.probe_due(late));
    CHECK_FALSE(pace.enter(late));
    CHECK_FALSE(pace.enter_read(late));
    pace.open();
    CHECK_FALSE(pace.enter(late));
    pace.disable(false);
    CHECK(pace.enter(late));
}

TEST_CASE("a posted message's answer says whether its endpoint is to be left alone", "[model][unit]") {
    const auto of = [](int status, std::optional<milliseconds> retry_after = {}) {
        return model::sign_of_post({model::Submission::Transport::answered, status, false}, retry_after);
    };
    CHECK(of(204).what == What::well);
    for (const int status : {401, 403, 410}) {
        CHECK(of(status).what == What::refused);
        CHECK(of(status).status == status);
    }
    CHECK(of(429, milliseconds{7'000}).what == What::busy);
    CHECK(of(503, milliseconds{7'000}).retry_after == milliseconds{7'000});
    // What one message is refused for says nothing against the next.
    for (const int status : {400, 404, 422}) { CHECK(of(status).what == What::well); }
    for (const int status : {301, 429, 500, 503}) { CHECK(of(status).what == What::failing); }
    CHECK(model::sign_of_post({model::Submission::Transport::cut, 0, false}, {}).what == What::failing);
}
