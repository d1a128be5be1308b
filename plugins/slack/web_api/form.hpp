// Encodes arguments as application/x-www-form-urlencoded, for a query or a body. Pure functions; any thread.
#pragma once
#include <belfry/sdk.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace belfry::slack {

using Query = std::vector<std::pair<std::string_view, std::string>>;

// "email=bobby%40coder.com&limit=1"
[[nodiscard]] std::string form(const Query& arguments);

// A POST without a token: for the methods that exchange tokens, and for blocks.validate.
[[nodiscard]] HttpRequest form_request(std::string url, const Query& arguments);

}  // namespace belfry::slack
