#include "api/admin/documents.hpp"
#include "api/admin/operations.hpp"
#include "api/operators/filter_text.hpp"
#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"

namespace belfry::api {
namespace {

constexpr base::Millis kDefaultPeriod = std::chrono::days(2);

base::Result<WhyQuery> read_query(const QueryString& query, base::Timestamp now) {
  const auto to = query.get("to");
  const auto id = query.get("id");
  const auto since = query.get("since");
  if (to.has_value() == id.has_value())
    return invalid_input(std::string("the query has ") + (to ? "both to and id" : "neither to nor id") +
                         "; write to=EMAIL for a person, or id=ID for a delivery, a notification or a msg_id");
  if (id && since) return invalid_input("since belongs to to; leave it out with id");
  if (id && id->size() > kMaxId) return invalid_input("id is longer than " + std::to_string(kMaxId) + " bytes");
  WhyQuery out{.to = to.value_or(""), .since = now - kDefaultPeriod, .id = id.value_or("")};
  if (to && !is_email(*to)) return invalid_input(email_problem(*to));
  if (since) {
    const auto time = read_since(*since, now);
    if (!time) return std::unexpected(time.error());
    out.since = *time;
  }
  return out;
}

}  // namespace

void add_why(Endpoints& endpoints, const SharedOperators& operators) {
  endpoints.add({"GET"}, "why", {"to", "id", "since"}, [operators](const Call& call, net::Reply reply) {
    const auto wanted = read_query(call.query, operators->now());
    if (!wanted) return reply(api_error(wanted.error()));
    operators->why(*wanted, [reply = std::move(reply)](const base::Result<WhyAnswer>& answer) mutable {
      reply(answer ? json_response(200, document(*answer)) : api_error(answer.error()));
    });
  });
}

}  // namespace belfry::api
