#include "app/key_rotation.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/system_clock.hpp"
#include "base/unique_fd.hpp"
#include "store/journal.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace crossdock::app {
namespace {

constexpr std::string_view mac_context = "store_settings/mac_key";

bool key_in_environment() {
    const char* const variable = std::getenv("CROSSDOCK_MASTER_KEY");
    return variable != nullptr && *variable != '\0';
}

Fault moving(const std::filesystem::path& file) {
    return {std::string("the sealing key cannot be put in its place: ") + std::strerror(errno), file.string(), Advice::stop};
}

/// The old key is there under its fingerprint before the new one has its name.
Result<> take_place(const Home& home, const std::string& before) {
    const auto kept = home.old_master_key(before);
    if (::link(home.master_key().c_str(), kept.c_str()) != 0 && errno != EEXIST) { return moving(kept); }
    if (::rename(home.next_master_key().c_str(), home.master_key().c_str()) != 0) { return moving(home.master_key()); }
    const UniqueFd folder(::open(home.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.open() || ::fsync(folder.get()) != 0) { return moving(home.folder); }
    return {};
}

/// A value of the store that is sealed, and the statement that writes it again.
struct Sealed {
    std::string statement;
    std::string name;  ///< :2 of it
    std::string context;
    std::string plain;
};

Result<std::vector<Sealed>> opened(store::Tx& tx, const crypto::KeyRing& keys) {
    std::vector<Sealed> all;
    const auto read = [&](const std::string& query, const std::string& statement, const std::string& table) -> Result<> {
        for (const auto& [name, sealed] : tx.all<std::string, std::string>(query)) {
            auto plain = keys.open(sealed, table + "/" + name);
            if (!plain) { return Fault{plain.error().what, table + " " + name}; }
            all.push_back({statement, name, table + "/" + name, std::move(*plain)});
        }
        return {};
    };
    auto read_all = read("SELECT name, sealed FROM secrets", "UPDATE secrets SET sealed = :1 WHERE name = :2", "secrets");
    if (!read_all) { return read_all.error(); }
    read_all = read("SELECT name, api_key FROM suppliers WHERE api_key IS NOT NULL",
                    "UPDATE suppliers SET api_key = :1 WHERE name = :2", "suppliers");
    if (!read_all) { return read_all.error(); }
    return all;
}

/// What is compared by, when no rotation has been: the sealing key itself.
std::string mac_key_or(store::Tx& tx, const crypto::KeyRing& keys, const crypto::SealingKey& otherwise) {
    const auto row = tx.first<std::string>("SELECT value FROM store_settings WHERE name = 'mac_key'");
    if (!row) { return otherwise.to_hex(); }
    auto plain = keys.open(std::get<0>(*row), mac_context);
    return plain ? std::move(*plain) : otherwise.to_hex();
}

/// What became of the values: how many were sealed anew, or why none was.
struct Anew {
    int sealed = 0;
    std::optional<Fault> fault = {};
};

/// A store may run a unit twice: `before` is the key of before the first.
Anew seal_anew(store::Tx& tx, const AdminContext& context, const crypto::SealingKey& before, const crypto::SealingKey& next) {
    auto values = opened(tx, context.keys);
    if (!values) { return {.fault = values.error()}; }
    // From here on nothing is refused: what was written stays.
    for (const auto& value : *values) {
        tx.run(value.statement, {next.seal(value.plain, value.context, context.randomness), value.name});
    }
    tx.run(
        "INSERT INTO store_settings (name, value) VALUES ('mac_key', :1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        {next.seal(mac_key_or(tx, context.keys, before), mac_context, context.randomness)});
    tx.run("UPDATE store_settings SET value = :1 WHERE name = 'sealing_key_fingerprint'", {next.fingerprint()});
    store::append_audit(tx, new_id(context.clock, context.randomness), command_line_actor, "secret.rotate", next.fingerprint(),
                        "", context.clock.utc_ms());
    // Within the unit: what is sealed by the next one is sealed by the next key. A commit that fails ends the daemon.
    context.keys.replace(next);
    return {.sealed = static_cast<int>(values->size())};
}

}  // namespace

std::string mac_key(store::Tx& tx, const crypto::KeyRing& keys) {
    return mac_key_or(tx, keys, keys.key());
}

Task<Result<Json>> rotate_sealing_key(AdminContext context, Json request) {
    const bool from_environment = key_in_environment();
    const auto given = request.maybe_text("key");
    if (from_environment != given.has_value()) {
        co_return Fault{from_environment
                            ? "this store's sealing key comes from CROSSDOCK_MASTER_KEY: give the next one on standard input "
                              "(64 hex digits, such as `openssl rand -hex 32` makes), with --stdin"
                            : "this store's sealing key is a file of the data folder, and the next one is made there: leave out "
                              "--stdin",
                        "key"};
    }
    auto next =
        given ? crypto::SealingKey::from_hex(*given) : Result<crypto::SealingKey>(crypto::SealingKey::make(context.randomness));
    if (!next) { co_return Fault{next.error().what, "key"}; }
    const auto before = context.keys.fingerprint();
    if (next->fingerprint() == before) { co_return Fault{"this is the sealing key that the store has", "key"}; }
    const Home home{context.data};
    if (!given) {
        ::unlink(home.next_master_key().c_str());
        if (auto written = next->write(home.next_master_key()); !written) { co_return written.error(); }
    }
    std::function<Anew(store::Tx&)> unit = [context, old = context.keys.key(), key = *next](store::Tx& tx) {
        return seal_anew(tx, context, old, key);
    };
    auto done = co_await context.store.commit<Anew>(Commit::key_change, std::move(unit));
    if (!done) { co_return done.error(); }
    if (done->fault) {
        if (!given) { ::unlink(home.next_master_key().c_str()); }
        co_return std::move(*done->fault);
    }
    if (!given) {
        if (auto moved = take_place(home, before); !moved) { co_return moved.error(); }
    }
    Log::info("the store has another sealing key", {{"fingerprint", next->fingerprint()}, {"before", before}});
    Json answer = Json::object({{"fingerprint", next->fingerprint()}, {"before", before}, {"sealed", done->sealed}});
    co_return std::move(answer.set("kept", given ? Json() : Json(home.old_master_key(before).string())));
}

Result<> end_rotation(const Home& home, const std::string& known_fingerprint) {
    SystemRandomness randomness;
    if (key_in_environment() || ::access(home.next_master_key().c_str(), F_OK) != 0) { return {}; }
    const auto next = crypto::SealingKey::load(home.next_master_key(), nullptr, false, randomness);
    if (!next || next->fingerprint() != known_fingerprint) {
        // It was never committed, or has not got so far that it could be.
        ::unlink(home.next_master_key().c_str());
        return {};
    }
    const auto before = crypto::SealingKey::load(home.master_key(), nullptr, false, randomness);
    return take_place(home, before ? before->fingerprint() : "unknown");
}

}  // namespace crossdock::app
