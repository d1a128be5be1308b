#include "api/operators/responses.hpp"

#include "api/operators/text_rules.hpp"
#include "base/utf8.hpp"

namespace belfry::api {

net::ServerResponse json_response(int status, const nlohmann::json& document) {
  // A damaged row may hold bytes that are not UTF-8.
  auto text = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return {status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, std::move(text), false};
}

net::ServerResponse api_error(int status, std::string why) {
  auto response = json_response(status, {{"error", why}});
  response.why = std::move(why);
  return response;
}

net::ServerResponse api_error(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::invalid: return api_error(400, error.message);
    case base::ErrorCode::not_found: return api_error(404, error.message);
    default: return api_error(503, error.message);
  }
}

std::string in_quotes(std::string_view value) {
  constexpr std::size_t kMaxShown = 100;
  const auto shown = base::utf8_prefix(value, kMaxShown);
  return "\"" + printable(shown) + (shown.size() < value.size() ? "..." : "") + "\"";
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  return out;
}

}  // namespace belfry::api
