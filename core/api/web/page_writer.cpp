#include "api/web/page_writer.hpp"

#include "api/web/page_texts.hpp"
#include "base/version.hpp"

namespace belfry::api::web {
namespace {

using nlohmann::json;

constexpr std::pair<const char*, const char*> kNavigation[] = {
    {"/", "Overview"}, {"/deliveries", "Deliveries"}, {"/dead-letters", "Dead letters"},
    {"/why", "Why"},   {"/preview", "Preview"},       {"/audit", "Audit"}};

// No script, no frame, nothing from elsewhere, and forms go nowhere else. `same-origin` and not `no-referrer`: that would make the browser
// send "Origin: null" with its forms.
net::Headers headers_for(std::string_view content_type) {
  return {{"Content-Type", std::string(content_type)},
          {"Content-Security-Policy",
           "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
          {"X-Content-Type-Options", "nosniff"},
          {"X-Frame-Options", "DENY"},
          {"Referrer-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"},
          {"Cache-Control", "no-store"}};
}

json navigation(std::string_view current) {
  json out = json::array();
  for (const auto& [path, name] : kNavigation) out.push_back({{"path", path}, {"name", name}, {"current", current == path}});
  return out;
}

}  // namespace

net::ServerResponse PageWriter::page(int status, std::string_view name, PageContent content, const Visitor& visitor,
                                     std::string_view current, const TimeText& times) const {
  auto model = std::move(content.model);
  model["title"] = std::move(content.title);
  model["nav"] = navigation(current);
  model["operator"] = visitor.name;
  model["csrf"] = visitor.csrf;
  model["can_log_out"] = !visitor.session.empty();
  model["version"] = base::kVersion;
  model["made_at"] = times(times.now);
  return {status, headers_for("text/html; charset=utf-8"), templates_.render(name, model), false};
}

net::ServerResponse PageWriter::error(int status, const std::string& message, const Visitor& visitor, const TimeText& times,
                                      const std::string& back) const {
  const auto link = back.empty() && !visitor.name.empty() ? std::string("/") : back;
  json model{{"message", message}, {"back", link}, {"back_label", link == "/login" ? "Log in" : "Back to the overview"}};
  auto response = page(status, "error", {status == 404 ? "Not found" : "Request failed", std::move(model)}, visitor, "", times);
  response.why = message;
  return response;
}

net::ServerResponse redirect(const std::string& location) {
  net::ServerResponse response{303, headers_for("text/plain; charset=utf-8"), "see " + location + "\n", false};
  response.headers.add("Location", location);
  return response;
}

net::ServerResponse stylesheet() { return {200, headers_for("text/css; charset=utf-8"), std::string(kStylesheet), false}; }

net::ServerResponse icon() { return {200, headers_for("image/svg+xml"), std::string(kIcon), false}; }

}  // namespace belfry::api::web
