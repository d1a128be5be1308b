// Arguments as application/x-www-form-urlencoded, in a query or a body. Functions of their arguments only: any thread.
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

// A call without a token: the methods that trade tokens, and blocks.validate.
[[nodiscard]] HttpRequest form_request(std::string url, const Query& arguments);

}  // namespace belfry::slack
