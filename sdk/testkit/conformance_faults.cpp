#include "belfry/testkit/conformance.hpp"

namespace belfry::testkit {

std::vector<Fault> faults() {
  using enum Outcome::Code;
  using std::chrono::seconds;
  const std::vector<Outcome::Code> permanent{rejected, misconfigured};
  const std::vector<Outcome::Code> unreadable{delivered, retry, rejected, misconfigured};
  const std::vector<Outcome::Code> slower{rate_limited, retry};
  const sdk::Header date{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"};
  return {
      // A bare 400 may come from an intermediary, so a retry is allowed.
      {.name = "400", .response = Response::of(400), .allowed = {retry, rejected, misconfigured}},
      {.name = "418, a status without a rule", .response = Response::of(418, "<html>blocked</html>"), .allowed = {retry, misconfigured}},
      {.name = "401", .response = Response::of(401), .allowed = {misconfigured}},
      {.name = "403", .response = Response::of(403), .allowed = permanent},
      {.name = "404", .response = Response::of(404), .allowed = permanent},
      {.name = "410", .response = Response::of(410), .allowed = permanent},
      {.name = "429 with Retry-After",
       .response = Response::of(429, "", {{"Retry-After", "17"}}),
       .allowed = {rate_limited},
       .after = seconds(17)},
      // RFC 9110 section 10.2.3. A date is relative to the server's clock, which may differ from the local one.
      {.name = "429 with Retry-After as a date",
       .response = Response::of(429, "", {date, {"Retry-After", "Sun, 06 Nov 1994 08:49:54 GMT"}}),
       .allowed = {rate_limited},
       .after = seconds(17)},
      {.name = "429 with Retry-After as a date in an obsolete form",
       .response = Response::of(429, "", {date, {"Retry-After", "Sunday, 06-Nov-94 08:49:54 GMT"}}),
       .allowed = {rate_limited}},
      {.name = "429 with Retry-After as a date that has passed",
       .response = Response::of(429, "", {date, {"Retry-After", "Sun, 06 Nov 1994 08:00:00 GMT"}}),
       .allowed = slower},
      {.name = "429 with Retry-After as a date, without Date",
       .response = Response::of(429, "", {{"Retry-After", "Sun, 06 Nov 1994 08:49:54 GMT"}}),
       .allowed = slower},
      {.name = "429 with a malformed Retry-After", .response = Response::of(429, "", {{"Retry-After", "soon"}}), .allowed = slower},
      {.name = "429", .response = Response::of(429), .allowed = slower},
      {.name = "500", .response = Response::of(500, "<html>oops</html>"), .allowed = {retry}, .ambiguous = true},
      {.name = "503 with Retry-After", .response = Response::of(503, "", {{"Retry-After", "30"}}), .allowed = slower},
      {.name = "503 with Retry-After as a date",
       .response = Response::of(503, "", {date, {"Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT"}}),
       .allowed = slower},
      {.name = "timeout", .response = Response::fails(HttpError::timeout, true), .allowed = {retry}, .ambiguous = true},
      {.name = "closed", .response = Response::fails(HttpError::closed, true), .allowed = {retry}, .ambiguous = true},
      {.name = "not connected", .response = Response::fails(HttpError::connect, false), .allowed = {retry}},
      {.name = "name not resolved", .response = Response::fails(HttpError::resolve, false), .allowed = {retry, misconfigured}},
      {.name = "TLS", .response = Response::fails(HttpError::tls, false), .allowed = {retry, misconfigured}},
      {.name = "not HTTP", .response = Response::fails(HttpError::malformed, true), .allowed = {retry}, .ambiguous = true},
      {.name = "response too large", .response = Response::fails(HttpError::too_large, true), .allowed = unreadable},
      {.name = "refused by the host", .response = Response::fails(HttpError::refused, false), .allowed = {retry}},
      {.name = "200 with garbage", .response = Response::of(200, "\xff\x00<not json", {}), .allowed = unreadable},
      {.name = "200 with unexpected JSON", .response = Response::of(200, "[[[42]]]"), .allowed = unreadable},
      {.name = "200 empty", .response = Response::of(200), .allowed = unreadable},
      {.name = "never answered", .response = Response::hold(), .allowed = {retry}, .ambiguous = true},
  };
}

}  // namespace belfry::testkit
