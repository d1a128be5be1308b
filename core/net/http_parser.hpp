// Beast's parser, writing into our own value types. Validates and drops trailers: they must not pass for headers. Private to core/net.
#pragma once
#include <boost/beast/http/basic_parser.hpp>
#include <string>

#include "net/http.hpp"

namespace belfry::net {

template <bool is_request>
class MessageParser final : public boost::beast::http::basic_parser<is_request> {
 public:
  std::string method, target;  // of a request
  int version = 11;
  int status = 0;  // of a response
  Headers headers;
  std::string body;

 private:
  using Error = boost::beast::error_code;
  using Text = boost::beast::string_view;

  // Content-Length is only a promise: a peer must not make us allocate memory with it.
  static constexpr std::uint64_t kMaxReserved = 16 * 1024;

  void on_request_impl(boost::beast::http::verb, Text name, Text where, int number, Error&) override {
    method = std::string(name);
    target = std::string(where);
    version = number;
  }
  void on_response_impl(int code, Text, int number, Error&) override {
    status = code;
    version = number;
  }
  void on_field_impl(boost::beast::http::field, Text name, Text value, Error&) override {
    if (!head_done_) headers.add(std::string(name), std::string(value));
  }
  void on_header_impl(Error&) override { head_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error&) override {
    if (length) body.reserve(static_cast<std::size_t>(std::min(*length, kMaxReserved)));
  }
  std::size_t on_body_impl(Text bytes, Error&) override {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, Error&) override {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(Error&) override {}

  bool head_done_ = false;
};

using RequestParser = MessageParser<true>;
using ResponseParser = MessageParser<false>;

}  // namespace belfry::net
