#pragma once

#include "app/demo_rig.hpp"
#include "sandbox/mail_store.hpp"
#include "support/temporary_folder.hpp"

#include <sys/types.h>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace crossdock::tests {

/// The order that the main job places: the seed's document, or one with other ids and lines.
[[nodiscard]] std::string seed_order();

/// A valid order of that id, small, with an address of its own.
[[nodiscard]] std::string small_order(const std::string& order_id);

/// A copy of the shipped pipelines in which one may be changed.
class OwnPipelines {
public:
    OwnPipelines();
    /// Replaces a part of NAME.yaml, or appends to it when `from` is empty.
    void edit(const std::string& name, const std::string& from, const std::string& to) const;
    /// For RigOptions::edit_config.
    [[nodiscard]] std::string named_in(std::string config) const;

private:
    support::TemporaryFolder folder_;
};

/// Asks until `holds` answers true; false once `within` has passed. The asking is paced, nothing waits for a fixed time.
[[nodiscard]] bool eventually(const std::function<bool()>& holds, milliseconds within = milliseconds{30'000});

/// The processes that a process's main thread has started and that have not ended.
[[nodiscard]] std::vector<pid_t> children_of(pid_t pid);

/// The main job against a rig whose daemon may die at any moment: each step is repeated, as a client would, until it is answered.
class MainJob {
public:
    explicit MainJob(app::RigOptions options);

    [[nodiscard]] app::DemoRig& rig() { return *rig_; }

    void start_world();
    /// Starts the daemon; one that dies at its crash point on the way is started again, unarmed.
    void start_daemon(const std::string& crash_at = "");
    /// Starts it again if it has died. True when it had.
    bool revive();
    [[nodiscard]] int deaths() const { return deaths_; }

    void add_customer(const std::string& id, const std::string& email);
    /// Until the answer is 202.
    void place(const std::string& order);
    /// A webhook with a wrong signature, until it is refused.
    void forge_webhook();
    /// The whole of it, once and undisturbed: the seed's order goes out, is shipped, and the client has both mails.
    void run_seed_order();
    void wait_for_stock();
    void wait_for_status(const std::string& order_id, const std::string& status);
    /// Until `count` mails whose subject has `part` are in the sink.
    void wait_for_mails(const std::string& part, std::size_t count);

    [[nodiscard]] Json order(const std::string& order_id);
    /// The id that the supplier gave that order; empty until the daemon knows it.
    [[nodiscard]] std::string supplier_order_id(const std::string& order_id);
    /// How many times orders were posted to the supplier.
    [[nodiscard]] std::int64_t posts();
    /// How many orders the supplier has of each order id.
    [[nodiscard]] std::map<std::string, int> orders_at_supplier();
    [[nodiscard]] std::vector<sandbox::StoredMail> mails() { return sandbox::read_mails(rig_->mails()); }
    [[nodiscard]] std::string log(const std::string& process) const;

private:
    support::TemporaryFolder folder_;
    std::unique_ptr<app::DemoRig> rig_;
    int deaths_ = 0;
};

}  // namespace crossdock::tests
