// Never built. `./dev tidy` expects clang-tidy to refuse this file: when it does not, the checks are switched off by mistake.
#include <string>
#include <utility>

std::size_t canary(std::string text) {
    const std::string taken = std::move(text);
    return taken.size() + text.size();
}
