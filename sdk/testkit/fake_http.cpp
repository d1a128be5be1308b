// The HTTP side of FakeHost: records requests, selects their responses and schedules the events.
#include <algorithm>
#include <stdexcept>

#include "belfry/testkit/fake_host.hpp"
#include "line_break.hpp"

namespace belfry::testkit {

namespace sd = sdk::detail;

belfry_ticket FakeHost::on_send(const belfry_http_request& raw) {
  Request request{.ticket = next_ticket(),
                  .on_behalf_of = raw.on_behalf_of,
                  .method = std::string(sd::view(raw.method)),
                  .url = std::string(sd::view(raw.url)),
                  .body = std::string(sd::view(raw.body)),
                  .timeout = Millis(raw.timeout_ms)};
  if (!request.url.starts_with("https://") && !request.url.starts_with("http://"))
    add_violation("http: not an absolute URL: " + request.url);
  if (has_line_break(request.url)) add_violation("http: line break in the URL");
  for (std::uint32_t i = 0; i < raw.header_count; ++i) {
    request.headers.push_back({std::string(sd::view(raw.headers[i].name)), std::string(sd::view(raw.headers[i].value))});
    if (has_line_break(request.headers.back().name) || has_line_break(request.headers.back().value)) {
      add_violation("http: line break in the header " + request.headers.back().name);
    }
  }
  requests_.push_back(request);
  if (is_open(request.on_behalf_of)) schedule_response(request, response_for(request));
  return request.ticket;
}

void FakeHost::on(std::string method, std::string url_part, Responder responder) {
  rules_.push_back({std::move(method), std::move(url_part), std::move(responder)});
}

void FakeHost::expect(std::string method, std::string url_part, Response response) {
  expected_.push_back({std::move(method), std::move(url_part), [response = std::move(response)](const Request&) { return response; }});
}

void FakeHost::hold_responses(bool hold) {
  hold_responses_ = hold;
  if (hold) return;
  const auto open = open_requests();
  for (auto request = open.rbegin(); request != open.rend(); ++request) respond(request->ticket, response_for(*request));
}

Response FakeHost::response_for(const Request& request) {
  if (hold_responses_) return Response::hold();
  if (const auto broken = overrides_.extract(requests_.size() - 1)) return broken.mapped();
  const auto matching = [&](const Rule& rule) { return rule.matches(request); };
  if (const auto found = std::ranges::find_if(expected_, matching); found != expected_.end()) {
    const auto response = found->responder(request);
    expected_.erase(found);
    return response;
  }
  const auto found = std::find_if(rules_.rbegin(), rules_.rend(), matching);
  if (found != rules_.rend()) return found->responder(request);
  add_violation("http: no rule matches " + request.method + ' ' + request.url);
  return Response::fails(HttpError::connect, false);
}

std::vector<Request> FakeHost::open_requests() const {
  std::vector<Request> open;
  for (const auto& [ticket, request] : held_) open.push_back(request);
  return open;
}

void FakeHost::respond(belfry_ticket ticket, const Response& response) {
  auto held = held_.extract(ticket);
  if (held.empty()) throw std::logic_error("FakeHost: no open request has this ticket");
  schedule_response(held.mapped(), response);
}

void FakeHost::schedule_response(const Request& request, const Response& response) {
  const auto limit = request.timeout.count() > 0 ? request.timeout : Millis(std::chrono::seconds(10));
  const bool timed_by_ticket = request.timeout.count() == 0 && request.on_behalf_of != 0;
  Response scheduled = response;
  if (response.held) {
    held_[request.ticket] = request;
    if (timed_by_ticket) return;  // ends with its ticket
    scheduled = Response::fails(HttpError::timeout, true).delayed(limit);
  } else if (!timed_by_ticket && response.after > limit) {
    scheduled = Response::fails(HttpError::timeout, true).delayed(limit);
  }
  schedule(request.ticket, request.on_behalf_of, scheduled.after, [this, ticket = request.ticket, result = scheduled.result] {
    held_.erase(ticket);
    std::vector<belfry_http_header> headers;
    for (const auto& header : result.headers) headers.push_back({sd::str(header.name), sd::str(header.value)});
    belfry_http_result raw{};
    raw.size = sizeof raw;
    raw.error = static_cast<std::uint32_t>(result.error);
    raw.flags = result.request_sent ? BELFRY_HTTP_REQUEST_SENT : 0;
    raw.status = static_cast<std::uint32_t>(result.status);
    raw.headers = headers.data();
    raw.header_count = static_cast<std::uint32_t>(headers.size());
    raw.body = sd::str(result.body);
    raw.error_text = sd::str(result.error_text);
    event(ticket, BELFRY_EVENT_HTTP, &raw);
  });
}

}  // namespace belfry::testkit
