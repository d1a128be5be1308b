#include "api/admin/json_object.hpp"
#include "api/admin/operations.hpp"
#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"
#include "model/names.hpp"

namespace belfry::api {
namespace {

constexpr std::size_t kMaxTitle = 200;
constexpr std::size_t kMaxText = 4000;
constexpr std::size_t kMaxShort = 254;

base::Result<TestNotification> read_message(const JsonObject& body) {
  TestNotification out;
  struct Member {
    std::string_view name;
    std::string* into;
    std::size_t max_bytes;
  };
  for (const auto& [name, into, max_bytes] : {Member{"to", &out.to, kMaxShort}, Member{"sink", &out.sink, kMaxShort},
                                              Member{"title", &out.title, kMaxTitle}, Member{"severity", &out.severity, kMaxShort}}) {
    auto text = body.line(name, max_bytes);
    if (!text) return std::unexpected(text.error());
    *into = text->value_or("");
  }
  auto text = body.lines("body", kMaxText);
  if (!text) return std::unexpected(text.error());
  out.body = text->value_or("");
  if (!is_email(out.to))
    return invalid_input((out.to.empty() ? "to is missing" : "to is " + in_quotes(out.to)) + "; write the recipient's e-mail address");
  if (!out.severity.empty() && !model::is_severity(out.severity))
    return invalid_input("severity is " + in_quotes(out.severity) + "; write " +
                         listed({model::kSeverities.begin(), model::kSeverities.end()}));
  return out;
}

}  // namespace

void add_send(Endpoints& endpoints, const SharedOperators& operators) {
  endpoints.add({"POST"}, "send", {}, [operators](Call call, net::Reply reply) {
    const auto body = JsonObject::of_body(call.request, {"to", "sink", "title", "body", "severity", "reason"});
    if (!body) return reply(body.error());
    auto message = read_message(*body);
    if (!message) return reply(api_error(message.error()));
    auto reason = body->line("reason", kMaxReason);
    if (!reason) return reply(api_error(reason.error()));
    operators->send(*std::move(message), {std::move(call.by), reason->value_or("")},
                    [reply = std::move(reply)](const base::Result<Sent>& sent) mutable {
                      if (sent) return reply(json_response(202, {{"notification", sent->notification}, {"deliveries", sent->deliveries}}));
                      const auto& error = sent.error();
                      reply(error.code == base::ErrorCode::invalid ? api_error(422, error.message) : api_error(error));
                    });
  });
}

}  // namespace belfry::api
