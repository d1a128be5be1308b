// How FakeHost takes requests, finds their answers, and brings them back.
#include <algorithm>
#include <stdexcept>

#include "belfry/testkit/fake_host.hpp"
#include "line_break.hpp"

namespace belfry::testkit {

namespace sd = sdk::detail;

namespace {}  // namespace

belfry_ticket FakeHost::on_send(const belfry_http_request& raw) {
  Request request{.ticket = next_ticket(),
                  .on_behalf_of = raw.on_behalf_of,
                  .method = std::string(sd::view(raw.method)),
                  .url = std::string(sd::view(raw.url)),
                  .body = std::string(sd::view(raw.body)),
                  .timeout = Millis(raw.timeout_ms)};
  if (!request.url.starts_with("https://") && !request.url.starts_with("http://")) violate("http: not an absolute URL: " + request.url);
  if (has_line_break(request.url)) violate("http: a URL with a line break");
  for (std::uint32_t i = 0; i < raw.header_count; ++i) {
    request.headers.push_back({std::string(sd::view(raw.headers[i].name)), std::string(sd::view(raw.headers[i].value))});
    if (has_line_break(request.headers.back().name) || has_line_break(request.headers.back().value)) {
      violate("http: a header with a line break: " + request.headers.back().name);
    }
  }
  requests_.push_back(request);
  if (alive(request.on_behalf_of)) schedule_answer(request, answer_for(request));
  return request.ticket;
}

void FakeHost::on(std::string method, std::string url_part, Responder responder) {
  rules_.push_back({std::move(method), std::move(url_part), std::move(responder)});
}

void FakeHost::expect(std::string method, std::string url_part, Answer answer) {
  expected_.push_back({std::move(method), std::move(url_part), [answer = std::move(answer)](const Request&) { return answer; }});
}

void FakeHost::hold_answers(bool hold) {
  hold_answers_ = hold;
  if (hold) return;
  const auto open = open_requests();
  for (auto request = open.rbegin(); request != open.rend(); ++request) answer(request->ticket, answer_for(*request));
}

Answer FakeHost::answer_for(const Request& request) {
  if (hold_answers_) return Answer::hold();
  if (const auto broken = broken_.extract(requests_.size() - 1)) return broken.mapped();
  const auto matching = [&](const Rule& rule) { return rule.matches(request); };
  if (const auto found = std::ranges::find_if(expected_, matching); found != expected_.end()) {
    const auto answer = found->responder(request);
    expected_.erase(found);
    return answer;
  }
  const auto found = std::find_if(rules_.rbegin(), rules_.rend(), matching);
  if (found != rules_.rend()) return found->responder(request);
  violate("a request that no rule matches: " + request.method + ' ' + request.url);
  return Answer::fails(HttpError::connect, false);
}

std::vector<Request> FakeHost::open_requests() const {
  std::vector<Request> open;
  for (const auto& [ticket, request] : held_) open.push_back(request);
  return open;
}

void FakeHost::answer(belfry_ticket ticket, const Answer& answer) {
  auto held = held_.extract(ticket);
  if (held.empty()) throw std::logic_error("FakeHost: no request is open under this ticket");
  schedule_answer(held.mapped(), answer);
}

void FakeHost::schedule_answer(const Request& request, const Answer& answer) {
  const auto limit = request.timeout.count() > 0 ? request.timeout : Millis(std::chrono::seconds(10));
  const bool timed_by_ticket = request.timeout.count() == 0 && request.on_behalf_of != 0;
  Answer given = answer;
  if (answer.held) {
    held_[request.ticket] = request;
    if (timed_by_ticket) return;  // dies with it
    given = Answer::fails(HttpError::timeout, true).delayed(limit);
  } else if (!timed_by_ticket && answer.after > limit) {
    given = Answer::fails(HttpError::timeout, true).delayed(limit);
  }
  bring(request.ticket, request.on_behalf_of, given.after, [this, ticket = request.ticket, result = given.result] {
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
