#pragma once

#include "base/result.hpp"
#include "store/tx.hpp"

#include <filesystem>
#include <functional>
#include <memory>

namespace crossdock::store {

/// One connection to the store, through SOCI, with its statements prepared once.
/// Threads: one at a time.
class Database final : public Tx {
public:
    enum class Mode { read_write, read_only };

    /// Errors: absent (read_only), cannot be opened; names the path.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, Mode mode);
    ~Database() override;

    /// Each throws StoreFailure. begin() takes the write lock at once (BEGIN IMMEDIATE).
    void begin();
    void begin_reading();
    void commit();
    void rollback() noexcept;

    std::int64_t run(std::string_view sql, const Params& params = {}) override;

    /// Forgets what earlier units announced.
    void start_unit() { forget_announced(); }

protected:
    std::vector<std::vector<Cell>> query(std::string_view sql, const Params& params, const std::vector<Kind>& kinds) override;

private:
    struct State;
    explicit Database(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace crossdock::store
