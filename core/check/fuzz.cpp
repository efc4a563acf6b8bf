#include "check/fuzz.hpp"

#include <array>
#include <functional>
#include <utility>
#include <vector>

namespace crossdock::check {
namespace {

constexpr std::size_t strange_length = 20'000;
constexpr JsonLimits limits{16U << 20U, 90};

void collect(Json& value, std::vector<Json*>& all) {
    all.push_back(&value);
    if (value.is_array()) {
        for (auto& item : value.items()) { collect(item, all); }
    }
    if (value.is_object()) {
        for (auto& [key, member] : value.members()) { collect(member, all); }
    }
}

Json nested(std::size_t depth) {
    Json made = Json::array();
    for (std::size_t i = 0; i < depth; ++i) {
        Json outer = Json::array();
        outer.push(std::move(made));
        made = std::move(outer);
    }
    return made;
}

}  // namespace

std::uint64_t Mutator::next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
}

std::uint64_t Mutator::below(std::uint64_t bound) {
    return next() % bound;
}

void Mutator::change_value(Json& root) {
    std::vector<Json*> all;
    collect(root, all);
    Json& chosen = *all[below(all.size())];
    const bool holds = chosen.is_object() && !chosen.members().empty();
    switch (below(12)) {
        case 0: chosen = Json(); return;
        case 1: chosen = Json(""); return;
        case 2: chosen = Json(-1); return;
        case 3: chosen = Json::number("1e400"); return;
        case 4: chosen = Json::number("99999999999999999999999999"); return;
        case 5: chosen = Json(true); return;
        case 6: chosen = Json(std::string(strange_length, 'x')); return;
        case 7: chosen = nested(40); return;
        case 8: chosen = Json::object(); return;
        case 9: chosen = Json("\r\nX-Injected: 1\0"); return;
        case 10:
            if (holds) {
                chosen.members().erase(chosen.members().begin() + static_cast<std::ptrdiff_t>(below(chosen.members().size())));
            }
            return;
        default:
            if (chosen.is_array() && !chosen.items().empty()) { chosen.push(Json(chosen.items().front())); }
            else { chosen = Json("\xF0\x9F\x93\xA6 \xC3\xA9"); }
    }
}

std::string Mutator::change_bytes(std::string text) {
    if (text.empty()) { return "\xFF"; }
    const auto at = below(text.size());
    switch (below(4)) {
        case 0: text.resize(at); return text;
        case 1: text[at] = static_cast<char>(below(256)); return text;
        case 2: text.insert(at, 1, static_cast<char>(below(256))); return text;
        default: return text + text;
    }
}

std::string Mutator::document(const std::string& good) {
    auto parsed = Json::parse(good, limits);
    if (!parsed || below(4) == 0) { return change_bytes(good); }
    for (auto changes = 1 + below(3); changes > 0; --changes) { change_value(*parsed); }
    return parsed->dump();
}

}  // namespace crossdock::check
