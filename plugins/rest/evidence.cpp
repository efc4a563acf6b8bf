#include "evidence.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <system_error>

namespace rest {
namespace {

constexpr std::array<std::string_view, 5> piece_states{"accepted", "backordered", "shipped", "canceled", "rejected"};

Template need(const sdk::Json& settings, std::string_view key) {
    const auto* found = settings.find(key);
    if (found == nullptr) { throw sdk::JsonError("\"" + std::string(key) + "\" is missing"); }
    return Template::parse(*found);
}

std::string text_of(const std::optional<Template>& written, const Scope& scope) {
    return written ? written->render_text(scope) : std::string();
}

std::optional<std::string> maybe_text_of(const std::optional<Template>& written, const Scope& scope) {
    auto text = text_of(written, scope);
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

/// "2025-10-30T18:06:39Z", with or without fractions and offsets: the shape only, the engine reads the value.
bool looks_like_rfc3339(std::string_view text) {
    constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
    if (text.size() < shape.size() + 1) { return false; }
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != shape[i]) { return false; }
    }
    return true;
}

/// What an order and a parcel have in common.
sdk::Schema&& said_settings(sdk::Schema&& schema) {
    return std::move(schema)
        .expression("status", "the supplier's word; `statuses` maps it")
        .expression("tracking_number", "of the shipment")
        .optional()
        .expression("parcel", "the supplier's name of a parcel, where it has no tracking number")
        .optional()
        .expression("carrier", "of the tracking number, in the supplier's words: a hint")
        .optional()
        .expression("occurred_at", "RFC 3339, by the supplier's clock")
        .optional()
        .map("lines", "the pieces that it is about; without it, or when there are none, it is about the whole order",
             LineFields::settings())
        .optional();
}

/// The elements of a list; none when there is no such list.
std::vector<sdk::Json> elements_of(const Template& each, const Scope& scope, const char* whose) {
    auto list = each.render(scope);
    if (list.is_null()) { return {}; }
    if (!list.is_array()) { throw sdk::JsonError("`each` of " + std::string(whose) + " comes to no list"); }
    return list.items();
}

}  // namespace

sdk::Schema LineFields::settings() {
    sdk::Schema words;
    for (const auto state : piece_states) {
        // Each step changes the schema that it is asked of.
        (void)static_cast<sdk::Schema&&>(words).data(state, "the supplier's word or words").optional();
    }
    return sdk::Schema{}
        .expression("each", "a list of articles")
        .expression("sku", "the article's number, as orders name it")
        .expression("state", "accepted, backordered, shipped, canceled or rejected; or the supplier's word, mapped by `states`")
        .expression("quantity", "pieces: 12 or \"12\"")
        .map("states", "the supplier's word for each of ours, or a list of words", words)
        .optional();
}

LineFields::LineFields(const sdk::Json& settings)
    : each_(need(settings, "each")),
      sku_(need(settings, "sku")),
      state_(need(settings, "state")),
      quantity_(need(settings, "quantity")) {
    const auto* states = settings.find("states");
    if (states == nullptr) { return; }
    for (const auto& [ours, words] : states->members()) {
        if (!words.is_array()) {
            states_.emplace_back(as_text(words, false), ours);
            continue;
        }
        for (const auto& word : words.items()) { states_.emplace_back(as_text(word, false), ours); }
    }
}

std::string LineFields::state_of(const std::string& word) const {
    const auto mapped = std::find_if(states_.begin(), states_.end(), [&word](const auto& entry) { return entry.first == word; });
    if (mapped != states_.end()) { return mapped->second; }
    if (std::find(piece_states.begin(), piece_states.end(), word) != piece_states.end()) { return word; }
    throw sdk::JsonError("`states` has no word \"" + word + "\"");
}

std::vector<sdk::LineReport> LineFields::read(const Scope& scope) const {
    std::vector<sdk::LineReport> lines;
    for (const auto& item : elements_of(each_, scope, "`lines`")) {
        const auto inner = scope.with(item);
        const auto at = "element " + std::to_string(lines.size()) + " of `lines`: ";
        sdk::LineReport line{sku_.render_text(inner), {}, 0};
        if (line.sku.empty()) { throw sdk::JsonError(at + "`sku` is not there"); }
        try {
            line.state = state_of(state_.render_text(inner));
        } catch (const sdk::JsonError& error) { throw sdk::JsonError(at + error.what()); }
        const auto pieces = quantity_.render_text(inner);
        const auto [rest, error] = std::from_chars(pieces.data(), pieces.data() + pieces.size(), line.quantity);
        if (error != std::errc{} || rest != pieces.data() + pieces.size() || line.quantity < 0) {
            throw sdk::JsonError(at + "`quantity` is no number of pieces");
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

sdk::Schema EvidenceFields::settings() {
    return said_settings(sdk::Schema{}
                             .expression("event", "the supplier's word for what happened, for people", "order.status")
                             .expression("reference", "our reference")
                             .optional()
                             .expression("supplier_order_id", "the supplier's own order id")
                             .optional())
        .map("parcels", "each is a piece of evidence of its own, about the same order",
             said_settings(sdk::Schema{}.expression("each", "a list of parcels")))
        .optional();
}

EvidenceFields::Said::Said(const sdk::Json& settings)
    : status(Template::member(settings, "status")),
      tracking(Template::member(settings, "tracking_number")),
      parcel(Template::member(settings, "parcel")),
      carrier(Template::member(settings, "carrier")),
      at(Template::member(settings, "occurred_at")) {
    const auto* pieces = settings.find("lines");
    if (pieces != nullptr && !pieces->is_null()) { lines.emplace(*pieces); }
}

void EvidenceFields::Said::read(sdk::Evidence& made, const Scope& scope) const {
    made.supplier_status = text_of(status, scope);
    if (made.supplier_status.empty()) { throw sdk::JsonError("`status` of the evidence is not there"); }
    made.tracking_number = maybe_text_of(tracking, scope);
    made.parcel = maybe_text_of(parcel, scope);
    made.carrier = maybe_text_of(carrier, scope);
    made.occurred_at = text_of(at, scope);
    if (at && !looks_like_rfc3339(made.occurred_at)) {
        throw sdk::JsonError("`occurred_at` of the evidence is no RFC 3339 time");
    }
    if (lines) { made.lines = lines->read(scope); }
}

EvidenceFields::EvidenceFields(const sdk::Json& settings)
    : event_(Template::member(settings, "event")),
      reference_(Template::member(settings, "reference")),
      id_(Template::member(settings, "supplier_order_id")),
      said_(settings) {
    const auto* parcels = settings.find("parcels");
    if (parcels != nullptr && !parcels->is_null()) { parcels_.emplace(Parcels{need(*parcels, "each"), Said(*parcels)}); }
}

std::vector<sdk::Evidence> EvidenceFields::read(const Scope& scope) const {
    sdk::Evidence order;
    order.event = text_of(event_, scope);
    order.reference = text_of(reference_, scope);
    order.supplier_order_id = maybe_text_of(id_, scope);
    if (order.reference.empty() && !order.supplier_order_id) {
        throw sdk::JsonError("neither `reference` nor `supplier_order_id` of the evidence is there");
    }
    std::vector<sdk::Evidence> said;
    bool told = false;
    const auto parcels = parcels_ ? elements_of(parcels_->each, scope, "`parcels`") : std::vector<sdk::Json>();
    auto whole = order;
    said_.read(whole, scope);
    for (const auto& parcel : parcels) {
        auto& made = said.emplace_back(order);
        parcels_->said.read(made, scope.with(parcel));
        told = told || made.supplier_status == whole.supplier_status;
    }
    if (!told) { said.insert(said.begin(), std::move(whole)); }
    return said;
}

}  // namespace rest
