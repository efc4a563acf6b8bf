#include "base/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace crossdock {

std::string Fault::text() const {
    return where.empty() ? what : where + ": " + what;
}

void throw_exception_from_error(const Fault& fault, const boost::source_location& where) {
    std::fprintf(stderr, "bug: value() of a fault at %s:%u: %s\n", where.file_name(), static_cast<unsigned>(where.line()),
                 fault.text().c_str());
    std::abort();
}

}  // namespace crossdock
