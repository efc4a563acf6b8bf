#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "sandbox/options.hpp"

#include <memory>

namespace crossdock::sandbox {

/// An SMTP server on 127.0.0.1 that keeps every mail: what it answered 250 to is a file on disk.
///
/// Threads:  one executor, which runs one thing at a time; call it there.
/// Lifetime: the clock outlives it; stop(), run the executor dry, destroy.
class MailSink {
public:
    /// Errors: port or folder taken.
    [[nodiscard]] static Result<std::unique_ptr<MailSink>> start(Executor executor, Clock& clock, const MailOptions& options);
    virtual ~MailSink() = default;
    MailSink(const MailSink&) = delete;
    MailSink& operator=(const MailSink&) = delete;

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    [[nodiscard]] virtual std::size_t mail_count() const = 0;
    /// Closes everything at once: a mail without its 250 may be sent again.
    virtual void stop() = 0;

protected:
    MailSink() = default;
};

}  // namespace crossdock::sandbox
