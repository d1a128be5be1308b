// Responses of the admin API. Errors are documents: {"error": "one sentence"}.
// Thread rule: pure.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.hpp"
#include "net/http.hpp"

namespace belfry::api {

[[nodiscard]] net::ServerResponse json_response(int status, const nlohmann::json& document);
// `why`: one sentence without a trailing full stop.
[[nodiscard]] net::ServerResponse api_error(int status, std::string why);
// 400 for ErrorCode::invalid, 404 for not_found, else 503.
[[nodiscard]] net::ServerResponse api_error(const base::Error& error);

// The error of a request that cannot be used: api_error() makes it a 400.
[[nodiscard]] inline std::unexpected<base::Error> invalid_input(std::string why) {
  return base::fail(base::ErrorCode::invalid, std::move(why));
}

// The value for an error message: printable, in quotes, cut after 100 bytes.
[[nodiscard]] std::string in_quotes(std::string_view value);
// "a, b and c"
[[nodiscard]] std::string listed(const std::vector<std::string>& names);

}  // namespace belfry::api
