#include "session.hpp"

#include "base/journal_point.hpp"
#include "base/log.hpp"
#include "plugin/folders.hpp"
#include "plugin/reach.hpp"
#include "plugin/settings.hpp"
#include "stream.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

namespace crossdock::worker {

using plugin::Frame;
using plugin::FrameType;

namespace {

/// Until the daemon's hello has said more.
constexpr std::size_t first_frame_max = 8U << 20U;
constexpr std::size_t evaluation_frame_room = 1024;

/// An effect's input also says until when it may act: what a plugin does by itself is not stopped by the host.
std::string input_text(const Json* input, BootMs not_after) {
    if (input == nullptr) { return "{}"; }
    if (not_after == 0 || !input->is_object()) { return input->dump(); }
    Json timed = *input;
    return timed.set("not_after_boot_ms", not_after).dump();
}

/// Of a file that a shadow's plugin wrote so much is shown.
constexpr std::size_t written_max = 256U << 10U;

/// Adds each file in these folders as {"file": {"name", "content"}}, by name, and removes it.
void take_written(const std::vector<FolderGrant>& folders, Json& exchanges) {
    for (const auto& folder : folders) {
        std::vector<std::filesystem::path> files;
        std::error_code error;
        for (std::filesystem::recursive_directory_iterator at(folder.path, error), end; !error && at != end;
             at.increment(error)) {
            if (at->is_regular_file(error)) { files.push_back(at->path()); }
        }
        std::sort(files.begin(), files.end());
        for (const auto& file : files) {
            std::ifstream in(file, std::ios::binary);
            std::string content(written_max, '\0');
            in.read(content.data(), static_cast<std::streamsize>(content.size()));
            content.resize(static_cast<std::size_t>(in.gcount()));
            const auto name = file.lexically_relative(folder.path).string();
            exchanges.push(Json::object({{"file", Json::object({{"name", name}, {"content", std::move(content)}})}}));
            std::filesystem::remove(file, error);
        }
    }
}

Json fault_answer(std::string text) {
    Json payload = Json::object();
    payload.set("status", "fault").set("text", std::move(text));
    return payload;
}

}  // namespace

std::optional<Frame> Session::read() {
    std::array<char, 65536> buffer{};
    while (true) {
        auto frame = reader_->next();
        if (!frame) {
            Log::error("the daemon is not understood", {{"why", frame.error().text()}});
            return {};
        }
        if (*frame) { return std::move(**frame); }
        const auto got = receive(socket_, buffer);
        if (got == 0) { return {}; }
        reader_->feed({buffer.data(), got});
    }
}

void Session::write(const Frame& frame) {
    write(plugin::encode(frame));
}

void Session::write(const std::string& bytes) {
    const std::scoped_lock lock(writing_);
    if (!transmit(socket_, bytes)) { place_.orphaned(); }
}

Result<Json> Session::greet(const Json& hello) {
    auto confinement = place_.enter(hello);
    if (!confinement) { return confinement.error(); }
    const bool inspect = hello.boolean("inspect");
    if (hello.boolean("carry") || (inspect && hello.text("library").empty())) {
        Json only = Json::object();
        only.set("confinement", std::move(*confinement));
        return only;
    }
    auto library = place_.load(hello);
    if (!library) { return library.error(); }
    library_ = std::move(*library);
    if (!inspect) {
        if (auto made = make_instance(hello); !made) { return made.error(); }
    }
    return std::move(library_.manifest().set("confinement", std::move(*confinement)));
}

Result<> Session::make_instance(const Json& hello) {
    const auto* given = hello.find("settings");
    auto settings = plugin::check_settings(library_.schema, given == nullptr ? Json() : *given);
    if (!settings) { return settings.error(); }
    if (auto fine = plugin::check_folders(library_.schema, *settings, plugin::folders_of(hello.find("grants"))); !fine) {
        return fine;
    }
    services_.redaction = Redaction(plugin::secret_values(library_.schema, *settings));
    services_.placeholders = Placeholders(library_.schema, *settings);
    services_.preparations = plugin::preparations(library_.schema, *settings);
    take_settings(*settings);
    services_.files = AccountFiles(hello.text("folder"));
    services_.reach = plugin::texts(hello.find("reach"));
    if (hello.boolean("fenced")) {
        services_.plain_http = hello.boolean("plain_http");
        if (auto fine = plugin::check_scheme(library_.schema, *settings, services_.plain_http); !fine) { return fine; }
        for (auto& place : plugin::places(library_.schema, *settings)) { services_.reach.push_back(std::move(place)); }
        // What names no place reaches none.
        if (services_.reach.empty()) { services_.reach.emplace_back(); }
    }
    services_.request_timeout = milliseconds(std::max<std::int64_t>(1, hello.integer("request_timeout_ms", 10'000)));
    services_.evaluate = [this](std::uint64_t call, Json wanted) {
        const auto bytes = plugin::encode({FrameType::evaluate, call, std::move(wanted)});
        // Room for what the daemon puts around it on its way to the evaluator.
        if (bytes.size() + evaluation_frame_room > first_frame_max) { return false; }
        write(bytes);
        return true;
    };
    services_.carrier = &place_.carrier();
    if (hello.boolean("shadow")) {
        services_.shadow = true;
        services_.carrier = &shadow_carrier_;
        shadow_folders_ = plugin::folders_of(hello.find("grants"));
        std::erase_if(shadow_folders_, [](const FolderGrant& grant) { return !grant.write; });
    }
    services_.log_mark = place_.log_mark();
    services_.send_batch = [this](std::uint64_t call, Json rows) { write({FrameType::batch, call, std::move(rows)}); };
    pool_.emplace(library_.serial_calls ? 1 : hello.integer("calls_max", 256));

    CallHost host(services_, 0, 0, false);
    host.cancel();  // nothing is sent while an instance is made
    Collected collected;
    const auto reply = collected.reply();
    if (library_.base->create(host.table(), &reply, &instance_) != XD_OK) {
        return Fault{"the plugin does not start: " + services_.redaction(collected.fault)};
    }
    return {};
}

void Session::take_settings(const Json& settings) {
    Json shown = Json::object();
    for (const auto& [name, value] : settings.members()) {
        const bool secret = plugin::is_secret(library_.schema, name) && value.is_string();
        if (secret) { services_.secrets[name] = value.as_string(); }
        // Revision 1 had no service for secrets.
        if (!secret || library_.abi_revision < 2) { shown.set(name, value); }
    }
    services_.settings = shown.dump();
}

int Session::run() {
    reader_.emplace(first_frame_max);
    const auto hello = read();
    if (!hello || hello->type != FrameType::hello) { return 0; }
    auto ready = greet(hello->payload);
    if (!ready) {
        Json payload = Json::object();
        payload.set("text", ready.error().what);
        write({FrameType::refused, 0, std::move(payload)});
        return 3;
    }
    write({FrameType::ready, 0, std::move(*ready)});
    if (hello->payload.boolean("carry")) { return place_.carry(socket_, hello->payload); }
    while (auto frame = read()) {
        switch (frame->type) {
            case FrameType::call: start_call(std::move(*frame)); break;
            case FrameType::batch_done:
                if (const auto host = find(frame->call)) { host->batch_done(frame->payload.boolean("more")); }
                break;
            case FrameType::evaluated:
                if (const auto host = find(frame->call)) { host->evaluated(frame->payload); }
                break;
            case FrameType::cancel:
                if (const auto host = find(frame->call)) { host->cancel(); }
                break;
            default: Log::error("the daemon sent a frame that is the worker's to send"); return 0;
        }
    }
    return 0;
}

std::shared_ptr<CallHost> Session::find(std::uint64_t id) {
    const std::scoped_lock lock(calls_mutex_);
    const auto found = calls_.find(id);
    return found == calls_.end() ? nullptr : found->second;
}

void Session::start_call(Frame frame) {
    if (!pool_) {
        Json payload = fault_answer("this worker only shows the manifest");
        payload.set("on_wire", false);
        write({FrameType::answer, frame.call, std::move(payload)});
        return;
    }
    const bool effect = frame.payload.boolean("effect");
    auto host = std::make_shared<CallHost>(services_, frame.call, frame.payload.integer("not_after"), effect);
    if (frame.payload.boolean("record")) { host->record(); }
    {
        const std::scoped_lock lock(calls_mutex_);
        calls_[frame.call] = host;
    }
    const auto* input = frame.payload.find("input");
    pool_->submit([this, host, id = frame.call, operation = frame.payload.text("operation"),
                   text = input_text(input, effect ? frame.payload.integer("not_after") : 0),
                   effect] { run_call(host, id, operation, text, effect); });
}

void Session::run_call(const std::shared_ptr<CallHost>& host, std::uint64_t id, const std::string& operation,
                       const std::string& input, bool effect) {
    // What a plugin does by itself, a file that it writes, has no journal point of its own.
    if (effect) { CrashPoint::pass(External::plugin_effect, Side::before); }
    Json payload = answer(*host, operation, input, effect);
    if (effect) { CrashPoint::pass(External::plugin_effect, Side::after); }
    payload.set("on_wire", host->on_wire());
    if (const auto* recorded = host->recorded()) {
        auto exchanges = recorded->exchanges();
        take_written(shadow_folders_, exchanges);
        payload.set("exchanges", std::move(exchanges)).set("exchanges_cut", recorded->overflowed());
        if (!recorded->evaluations().items().empty()) { payload.set("evaluations", recorded->evaluations()); }
    }
    {
        const std::scoped_lock lock(calls_mutex_);
        calls_.erase(id);
    }
    write({FrameType::answer, id, std::move(payload)});
}

void Session::give_up(const std::string& why) {
    Json payload = Json::object();
    payload.set("text", why);
    write({FrameType::refused, 0, std::move(payload)});
}

void Session::wind_up() {
    {
        const std::scoped_lock lock(calls_mutex_);
        for (const auto& [id, host] : calls_) {
            host->cancel();
            host->batch_done(false);
        }
    }
    if (pool_) { pool_->finish(); }
    if (instance_ != nullptr) { library_.base->destroy(std::exchange(instance_, nullptr)); }
}

Json Session::answer(CallHost& host, const std::string& operation, const std::string& input, bool effect) {
    const auto function = library_.operation(operation);
    const std::string not_supported = operation + " is not supported by the plugin " + library_.name;
    if (function == nullptr) { return fault_answer(not_supported); }
    Collected collected;
    const auto reply = collected.reply();
    const auto status = function(instance_, host.table(), {input.data(), input.size()}, &reply);
    if (!host.host_fault().empty()) { return fault_answer(host.host_fault()); }
    if (collected.documents > 1) { return fault_answer("the plugin answered twice"); }
    if (status == XD_OK) { return document_answer(host, collected.document, effect); }
    if (status == XD_NOT_SUPPORTED) { return fault_answer(not_supported); }
    if (status == XD_CANCELED) { return fault_answer("canceled"); }
    auto payload =
        fault_answer(collected.fault.empty() ? "the plugin failed without a text" : services_.redaction(collected.fault));
    if (collected.retry_after_ms) { payload.set("retry_after_ms", *collected.retry_after_ms); }
    if (host.peer_status() != 0) { payload.set("peer_status", host.peer_status()); }
    return payload;
}

Json Session::document_answer(const CallHost& host, const std::string& document, bool effect) const {
    auto output = Json::parse(document, {first_frame_max / 2, 70});
    if (!output) { return fault_answer("the plugin's answer is no JSON: " + output.error().text()); }
    // The host saw the request leave; a plugin that denies it would have the engine send again.
    if (effect && host.on_wire() && output->text("transport") == "not_sent") {
        return fault_answer("the plugin says that nothing was sent, but a request left");
    }
    for (const char* const shown : {"reason", "exchange"}) {
        if (const auto text = output->maybe_text(shown)) { output->set(shown, services_.redaction(*text)); }
    }
    Json payload = Json::object();
    payload.set("status", "ok").set("output", std::move(*output));
    return payload;
}

}  // namespace crossdock::worker
