#include "net/http_serializer.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>

namespace belfry::net {

namespace {

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(names, [name](std::string_view other) { return equal_ignoring_case(name, other); });
}

bool is_framing_header(std::string_view name) {
  return is_one_of(name, {"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Trailer", "TE", "Upgrade"});
}

bool has_no_body(int status) { return status == 204 || status == 304; }

// RFC 9110 section 8.6: send Content-Length, even 0, if the method defines a meaning for a body.
bool expects_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); });
}

std::string http_date(std::time_t time) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc = {};
  ::gmtime_r(&time, &utc);
  std::array<char, 64> text = {};
  const int size =
      std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[static_cast<std::size_t>(utc.tm_wday)],
                    utc.tm_mday, kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text.data(), static_cast<std::size_t>(size)};
}

bool is_sendable(const ServerResponse& response) {
  return response.status >= 200 && response.status <= 599 && std::ranges::all_of(response.headers.list(), [](const Headers::Pair& header) {
           return is_token(header.first) && is_field_value(header.second);
         });
}

void append_response(std::string& out, const ServerResponse& response, const ResponseFraming& framing) {
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason.data(), reason.size()).append("\r\n");
  append_header(out, "Date", framing.date);
  for (const auto& [name, value] : response.headers.list())
    if (!is_framing_header(name) && !is_one_of(name, {"Date"})) append_header(out, name, value);
  if (!has_no_body(response.status)) append_header(out, "Content-Length", std::to_string(response.body.size()));
  if (!framing.keep_alive)
    append_header(out, "Connection", "close");
  else if (framing.http_1_0)
    append_header(out, "Connection", "keep-alive");
  out.append("\r\n");
  if (!framing.head_only && !has_no_body(response.status)) out.append(response.body);
}

void append_request(std::string& out, std::string_view method, std::string_view target, std::string_view host, const Headers& headers,
                    std::string_view body) {
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  append_header(out, "Host", host);
  if (!headers.get("User-Agent")) append_header(out, "User-Agent", "belfry");
  for (const auto& [name, value] : headers.list())
    if (!is_framing_header(name) && !is_one_of(name, {"Host"})) append_header(out, name, value);
  if (!body.empty() || expects_body(method)) append_header(out, "Content-Length", std::to_string(body.size()));
  out.append("\r\n").append(body);
}

}  // namespace belfry::net
