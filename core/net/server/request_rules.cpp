#include "net/server/request_rules.hpp"

#include <algorithm>

namespace belfry::net {

namespace {

struct Target {
  std::optional<std::string_view> authority;  // of the absolute form
  std::string_view path;                      // with the query
};

// The absolute form "http://host/path" is meant for proxies, but a server must accept it (RFC 9112 section 3.2.2).
Target split_target(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const auto rest = target.substr(scheme.size());
    const auto path = std::min(rest.find_first_of("/?"), rest.size());
    return {rest.substr(0, path), path == rest.size() ? "/" : rest.substr(path)};
  }
  return {std::nullopt, target};
}

}  // namespace

ServerRequest take_request(RequestParser& parser) {
  const auto target = split_target(parser.target).path;
  const auto question = std::min(target.find('?'), target.size());
  ServerRequest request;
  request.method = std::move(parser.method);
  request.path = target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  request.headers = std::move(parser.headers);
  return request;
}

std::optional<ServerResponse> refuse_head(const ServerRequest& request, std::string_view target, int version) {
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
  std::string_view host, length, coding, expectation;
  for (const auto& [name, value] : request.headers.list()) {
    if (equal_ignoring_case(name, "Host")) {
      ++hosts;
      host = value;
    } else if (equal_ignoring_case(name, "Content-Length")) {
      ++lengths;
      length = value;
    } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
      ++codings;
      coding = value;
    } else if (equal_ignoring_case(name, "Expect")) {
      expectation = value;
    }
  }
  // Host: RFC 9112 section 3.2. Framing: sections 6.1 to 6.3.
  if (hosts > 1 || (hosts == 0 && version == 11)) return text_response(400, "bad request: exactly one Host header is required");
  // A client sends the same in both (section 3.2); which of two counts depends on the reader.
  if (const auto authority = split_target(target).authority; authority && hosts == 1 && !equal_ignoring_case(*authority, host))
    return text_response(400, "bad request: the host in the request target is not the one in the Host header");
  if (lengths > 1 || length.contains(',')) return text_response(400, "bad request: more than one Content-Length");
  if (codings > 0 && lengths > 0) return text_response(400, "bad request: Content-Length and Transfer-Encoding are mutually exclusive");
  if (codings > 1 || (codings > 0 && version == 10)) return text_response(400, "bad request: unexpected Transfer-Encoding");
  if (codings > 0 && !equal_ignoring_case(coding, "chunked")) return text_response(501, "chunked is the only supported Transfer-Encoding");
  if (version == 11 && !expectation.empty() && !equal_ignoring_case(expectation, "100-continue"))
    return text_response(417, "100-continue is the only supported expectation");
  return std::nullopt;
}

bool ObsFoldDetector::feed(std::string_view piece) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (line_begins_ && !piece.empty() && blank(piece.front())) return true;
  for (auto at = piece.find('\n'); at != std::string_view::npos && at + 1 < piece.size(); at = piece.find('\n', at + 1))
    if (blank(piece[at + 1])) return true;
  if (!piece.empty()) line_begins_ = piece.back() == '\n';
  return false;
}

bool wants_continue(const Headers& headers) {
  const auto expectation = headers.get("Expect");
  return expectation && equal_ignoring_case(*expectation, "100-continue");
}

}  // namespace belfry::net
