// SHA-256 in lower-case hexadecimal. Thread rule: any thread; pure.
#pragma once
#include <string>
#include <string_view>

namespace belfry::plugin {

[[nodiscard]] std::string sha256(std::string_view bytes);

}  // namespace belfry::plugin
