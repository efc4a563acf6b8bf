#include "base/process.hpp"
#include "base/system_clock.hpp"
#include "sandbox/mail_sink.hpp"
#include "sandbox/options.hpp"
#include "sandbox/supplier.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <functional>
#include <string>

// A named runner file: an event loop of its own and its signals.
namespace crossdock::sandbox {
namespace {

namespace asio = boost::asio;

constexpr milliseconds stop_grace{300};

int refuse(const Fault& fault) {
    std::fprintf(stderr, "crossdock sandbox: %s\n", fault.text().c_str());
    // What was given on the command line has no path and no place.
    const bool usage = fault.where.find('/') == std::string::npos && fault.where.find(':') == std::string::npos;
    return usage || fault.where.starts_with("http") ? 2 : 4;
}

/// What every server of this process wants: no death by a closed pipe, and as many descriptors as it may have.
void prepare_process() {
    std::signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
}

/// Runs until a signal; then `stop`, and what is left is dropped soon after: everything that counts is on disk.
int run_until_signal(asio::io_context& context, const std::function<void()>& stop) {
    asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&](boost::system::error_code error, int) {
        if (error) { return; }
        stop();
        context.stop();
    });
    context.run();
    context.restart();
    context.run_for(stop_grace * 2);
    return 0;
}

}  // namespace

int run_supplier(const SupplierOptions& options) {
    prepare_process();
    asio::io_context context(1);
    SystemClock clock(context.get_executor());
    auto started = Supplier::start(context.get_executor(), clock, options);
    if (started.has_error()) { return refuse(started.error()); }
    auto supplier = std::move(started).value();
    std::fprintf(stderr, "supplier sandbox: http://127.0.0.1:%u, %zu orders, data in %s\n", unsigned{supplier->port()},
                 supplier->order_count(), options.data.c_str());
    return run_until_signal(context, [&] { supplier->stop(stop_grace); });
}

int run_mail(const MailOptions& options) {
    prepare_process();
    asio::io_context context(1);
    SystemClock clock(context.get_executor());
    auto started = MailSink::start(context.get_executor(), clock, options);
    if (started.has_error()) { return refuse(started.error()); }
    auto sink = std::move(started).value();
    std::fprintf(stderr, "mail sandbox: smtp://127.0.0.1:%u, %zu mails, data in %s\n", unsigned{sink->port()}, sink->mail_count(),
                 options.data.c_str());
    return run_until_signal(context, [&] { sink->stop(); });
}

}  // namespace crossdock::sandbox
