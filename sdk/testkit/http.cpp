// http-client/1: records requests, selects their responses and schedules the events.
#include <algorithm>
#include <stdexcept>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

constexpr Millis kDefaultHttpTimeout{10'000};
constexpr Millis kReplyMargin{200};  // left for the sink to report the result before its ticket's deadline
constexpr std::uint64_t kDefaultMaxResponse = 1024 * 1024;

bool is_http_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";  // RFC 9110 section 5.6.2, tchar
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.contains(c);
  });
}

bool is_header_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

bool is_http_url(std::string_view url) {
  return (url.starts_with("https://") || url.starts_with("http://")) && std::ranges::all_of(url, [](char c) { return c > ' '; });
}

}  // namespace

bool FakeState::read_headers(const belfry_http_header* raw, std::uint32_t count, std::string_view where, Headers& out) {
  const std::string service(where);
  if (!check_bound(service + ": the number of headers", count, BELFRY_MAX_HTTP_HEADERS, "BELFRY_MAX_HTTP_HEADERS")) return false;
  if (count != 0 && raw == nullptr) {
    violation("bad_argument", service + ": headers are a length and a null pointer");
    return false;
  }
  bool valid = true;
  for (std::uint32_t i = 0; i < count; ++i) {
    Header header{bytes(raw[i].name, "the name of a header"), bytes(raw[i].value, "the value of a header")};
    if (!is_http_token(header.name) || !is_header_value(header.value)) {
      violation("bad_argument", service + ": the header \"" + header.name + "\" has characters that HTTP forbids");
      valid = false;
    }
    out.push_back(std::move(header));
  }
  return valid;
}

belfry_ticket FakeState::send(const belfry_http_request* raw_request) {
  if (refuses_requests || closing) return 0;
  const auto raw = read(raw_request, "belfry_http_request", BELFRY_SIZE_THROUGH(belfry_http_request, max_response_bytes));
  check_reserved("belfry_http_request", raw.reserved);
  const auto begun = begin_request(BELFRY_EVENT_HTTP, raw.on_behalf_of, raw.user_data);
  if (begun.ticket == 0 || begun.dead) return begun.ticket;
  Request request{.ticket = begun.ticket,
                  .on_behalf_of = raw.on_behalf_of,
                  .method = bytes(raw.method, "the method of a request"),
                  .url = bytes(raw.url, "the URL of a request"),
                  .headers = {},
                  .body = bytes(raw.body, "the body of a request"),
                  .timeout = Millis(raw.timeout_ms),
                  .max_response_bytes = raw.max_response_bytes};
  bool valid = read_headers(raw.headers, raw.header_count, "http", request.headers);
  if (!is_http_token(request.method)) {
    violation("bad_argument", "http: \"" + request.method + "\" is not a method");
    valid = false;
  }
  if (!is_http_url(request.url)) {
    violation("bad_argument", "http: \"" + request.url + "\" is not an absolute URL");
    valid = false;
  }
  valid =
      check_bound("http: max_response_bytes", raw.max_response_bytes, BELFRY_MAX_HTTP_RESPONSE_BYTES, "BELFRY_MAX_HTTP_RESPONSE_BYTES") &&
      valid;
  if (!valid) {
    schedule_response(request, Response::fails(HttpError::invalid, false));
    return begun.ticket;
  }
  requests.push_back(request);
  schedule_response(request, response_for(request));
  return begun.ticket;
}

Response FakeState::response_for(const Request& request) {
  if (holds_responses) return Response::hold();
  if (const auto forced = overrides.extract(requests.size() - 1)) return forced.mapped();
  const auto matching = [&](const Rule& rule) { return rule.matches(request); };
  if (const auto found = std::ranges::find_if(expected, matching); found != expected.end()) {
    const auto response = found->responder(request);
    expected.erase(found);
    return response;
  }
  const auto found = std::find_if(rules.rbegin(), rules.rend(), matching);
  if (found != rules.rend()) return found->responder(request);
  violation("unscripted", "no rule of the test matches " + request.method + ' ' + request.url);
  return Response::fails(HttpError::connect, false);
}

Millis FakeState::http_limit(const Request& request) const {
  if (request.timeout.count() > 0) return request.timeout;
  const auto owner = tickets.find(request.on_behalf_of);
  if (owner == tickets.end()) return kDefaultHttpTimeout;
  const Millis left = owner->second.deadline - mono;
  return std::max(left - std::min(kReplyMargin, left / 10), Millis(1));
}

void FakeState::schedule_response(const Request& request, const Response& response) {
  const auto known = held.find(request.ticket);
  const auto times_out = known != held.end() ? known->second.times_out : mono + http_limit(request);
  Response scheduled = response;
  if (response.held) {
    held[request.ticket] = {request, times_out};
  } else if (known != held.end()) {
    held.erase(known);
  }
  const auto max_bytes = request.max_response_bytes == 0 ? kDefaultMaxResponse : request.max_response_bytes;
  if (response.held || mono + response.after > times_out) {
    scheduled = Response::fails(HttpError::timeout, true).delayed(times_out - mono);
  } else if (response.result.body.size() > max_bytes) {
    scheduled = Response::fails(HttpError::too_large, true).delayed(response.after);
  }
  schedule(request.ticket, request.on_behalf_of, scheduled.after, [this, ticket = request.ticket, result = scheduled.result] {
    held.erase(ticket);
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
    raise(ticket, &raw);
  });
}

namespace {

belfry_ticket http_send(void* ctx, const belfry_http_request* request) noexcept {
  return serve(ctx, {.name = "send", .service = BELFRY_HOST_HTTP_CLIENT_1}, belfry_ticket{0},
               [&](FakeState& host) { return host.send(request); });
}

}  // namespace

const belfry_host_http_client kHttpTable{sizeof(belfry_host_http_client), 0, http_send};

// ---- FakeHost ---------------------------------------------------------------------------------------------------------------------

void FakeHost::on(std::string method, std::string url_part, Responder responder) {
  const Held held(*state_);
  state_->rules.push_back({std::move(method), std::move(url_part), std::move(responder)});
}

void FakeHost::expect(std::string method, std::string url_part, Response response) {
  const Held held(*state_);
  auto responder = [response = std::move(response)](const Request&) { return response; };
  state_->expected.push_back({std::move(method), std::move(url_part), std::move(responder)});
}

void FakeHost::override_response(std::size_t number, Response response) {
  const Held held(*state_);
  state_->overrides[number] = std::move(response);
}

void FakeHost::hold_responses(bool hold) {
  const Held held(*state_);
  state_->holds_responses = hold;
  if (hold) return;
  const auto open = open_requests();
  for (auto request = open.rbegin(); request != open.rend(); ++request) {
    state_->schedule_response(*request, state_->response_for(*request));
  }
}

std::size_t FakeHost::unmet_expectations() const {
  const Held held(*state_);
  return state_->expected.size();
}

const std::vector<Request>& FakeHost::requests() const { return state_->requests; }

std::vector<Request> FakeHost::open_requests() const {
  const Held held(*state_);
  std::vector<Request> open;
  for (const auto& [ticket, entry] : state_->held) open.push_back(entry.request);
  return open;
}

void FakeHost::respond(belfry_ticket ticket, const Response& response) {
  const Held lock(*state_);
  const auto held = state_->held.find(ticket);
  if (held == state_->held.end()) throw std::logic_error("FakeHost: no open request has this ticket");
  const auto request = held->second.request;
  state_->schedule_response(request, response);
}

}  // namespace belfry::testkit
