#pragma once

#include "base/system_clock.hpp"
#include "base/task.hpp"
#include "plugin/workers.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

/// Real workers on an executor that a test drives.
class Floor {
public:
    explicit Floor(crossdock::plugin::Workers::Options options = {}) : clock(io.get_executor()) {
        if (options.program.empty()) { options.program = WORKER_PROGRAM; }
        workers = crossdock::plugin::Workers::make(io.get_executor(), clock, std::move(options));
    }
    ~Floor() {
        wait(finished(workers->stop(crossdock::milliseconds(2000))));
        io.run_for(std::chrono::seconds(5));
    }
    Floor(const Floor&) = delete;
    Floor& operator=(const Floor&) = delete;

    /// Starts a task whose result is looked at later.
    template <class T>
    std::shared_ptr<std::optional<T>> begin(crossdock::Task<T> task) {
        auto kept = std::make_shared<std::optional<T>>();
        crossdock::spawn(io.get_executor(), keep(std::move(task), kept));
        return kept;
    }

    /// Runs the executor until there is a result.
    template <class T>
    T get(const std::shared_ptr<std::optional<T>>& kept) {
        until([&] { return kept->has_value(); });
        return **kept;
    }

    template <class T>
    T wait(crossdock::Task<T> task) {
        return get(begin(std::move(task)));
    }

    /// Runs the executor until `done`. Errors: thirty seconds.
    template <class Done>
    void until(Done done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!done()) {
            if (std::chrono::steady_clock::now() > deadline) { throw std::runtime_error("nothing came within 30 seconds"); }
            io.restart();
            io.run_one_for(std::chrono::milliseconds(50));
        }
    }

    static crossdock::Task<bool> finished(crossdock::Task<void> task) {
        co_await std::move(task);
        co_return true;
    }

    boost::asio::io_context io;
    crossdock::SystemClock clock;
    std::unique_ptr<crossdock::plugin::Workers> workers;

private:
    template <class T>
    static crossdock::Task<void> keep(crossdock::Task<T> task, std::shared_ptr<std::optional<T>> kept) {
        kept->emplace(co_await std::move(task));
    }
};

inline crossdock::plugin::WorkerSpec supplier_spec(const std::filesystem::path& library, crossdock::Json settings = {}) {
    crossdock::plugin::WorkerSpec spec;
    spec.name = "acme";
    spec.interface = "crossdock.supplier/1";
    spec.library = library;
    spec.settings = std::move(settings);
    return spec;
}

/// create_order with an order of that text.
inline crossdock::plugin::Call order_call(const std::string& order_json) {
    crossdock::plugin::Call call;
    call.target = "acme";
    call.operation = "create_order";
    call.input = crossdock::Json::parse(R"({"reference":"PX1","effect_key":"key-1","supplier":"wesellcellular","order":)" +
                                        order_json + "}")
                     .value();
    call.timeout = crossdock::milliseconds(20'000);
    call.not_after = crossdock::system_boot_ms() + 10'000;
    call.effect = true;
    return call;
}

/// create_order of what the plugin `obliging` shall do: "greet", "hang", with further members such as `,"url":"http://..."`.
inline crossdock::plugin::Call wish(const std::string& what, const std::string& more = "") {
    return order_call(R"({"do":")" + what + "\"" + more + "}");
}
