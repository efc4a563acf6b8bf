#pragma once

#include "template.hpp"

#include <crossdock/sdk.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rest {

/// Which pieces a piece of evidence is about: its setting `lines`.
///
/// Threads: a value, const once made.
class LineFields {
public:
    static sdk::Schema settings();
    /// Of checked settings.
    explicit LineFields(const sdk::Json& settings);
    /// None where the list is null or empty. Errors: JsonError that names what is missing, or a word that is not mapped.
    [[nodiscard]] std::vector<sdk::LineReport> read(const Scope& scope) const;

private:
    [[nodiscard]] std::string state_of(const std::string& word) const;

    Template each_, sku_, state_, quantity_;
    std::vector<std::pair<std::string, std::string>> states_;  // the supplier's word, ours
};

/// Where evidence stands: in a webhook, or in an answer.
///
/// Threads: a value, const once made.
class EvidenceFields {
public:
    static sdk::Schema settings();
    /// Of checked settings.
    explicit EvidenceFields(const sdk::Json& settings);
    /// What is said of one order: a piece of evidence, and one for each of its parcels. An order whose word is that of one of its
    /// parcels is told by these alone. Errors: JsonError that names what is missing.
    [[nodiscard]] std::vector<sdk::Evidence> read(const Scope& scope) const;

private:
    /// What the order and each of its parcels say in the same way.
    struct Said {
        explicit Said(const sdk::Json& settings);
        void read(sdk::Evidence& made, const Scope& scope) const;

        std::optional<Template> status, tracking, parcel, carrier, at;
        std::optional<LineFields> lines;
    };
    struct Parcels {
        Template each;
        Said said;
    };

    std::optional<Template> event_, reference_, id_;
    Said said_;
    std::optional<Parcels> parcels_;
};

}  // namespace rest
