// Pooled HTTP/1.1 client: TLS 1.2+ with verification and SNI, deadlines on everything, size caps, no redirects ever.
// Thread rule: any thread. A handler is called exactly once, on one of the runtime's threads.
#pragma once
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "net/executor.hpp"
#include "net/http.hpp"
#include "net/proxy.hpp"

namespace belfry::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;                    // absolute, http or https
  std::filesystem::path unix_socket;  // connect here instead of to the host of the URL
  Headers headers;  // Host, Connection and what frames the body are the client's: given ones are left out. So is User-Agent unless given
  std::string body;
  base::Millis timeout{10'000};            // from send() to the last byte of the answer
  std::size_t max_response = 1024 * 1024;  // bytes of body
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

struct ClientError {
  enum class Kind {
    invalid_url /* or method or header */,
    resolve,
    connect,
    tls,
    timeout,
    closed,
    too_large,
    bad_response,
    cancelled,
    refused
  };
  Kind kind = Kind::connect;
  bool request_sent = false;  // bytes of the request may have reached the server
  std::string detail;         // one sentence; names the host, never the headers
};

[[nodiscard]] std::string_view to_string(ClientError::Kind kind);

// "slack.com:443": what may be shown of a URL, whose path and query may be secrets. "-" when it is none.
[[nodiscard]] std::string host_of(std::string_view url);

struct ClientTransport {
  std::filesystem::path ca_file;             // empty: the system's
  std::filesystem::path client_certificate;  // PEM
  std::filesystem::path client_key;
  ProxyRules proxies;
  std::size_t max_connections_per_host = 32;
  std::size_t max_waiting = 10'000;  // requests waiting for a connection; more are refused
  base::Millis idle{60'000};
  base::Millis connect{10'000};
  bool verify = true;  // false only in tests of this class
};

using ClientHandler = std::move_only_function<void(std::expected<ClientResponse, ClientError>)>;
using ClientRequestId = std::uint64_t;  // never 0

// The seam: fakes implement it.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual ClientRequestId send(ClientRequest request, ClientHandler handler) = 0;
  // The handler gets Kind::cancelled unless it has been called. An unknown id is ignored.
  virtual void cancel(ClientRequestId id) = 0;
};

// A connection that the server closed while it lay idle is replaced without the caller seeing it, as long as no byte of an answer came and
// the write failed on a reused connection before the request was complete, or the method is GET or HEAD. Otherwise `closed` with
// request_sent. The error is about the transport's files: a CA file that cannot be read, a key that does not fit.
// Whether its files can be used. The error names the file and what is wrong with it.
[[nodiscard]] base::Result<void> check_transport(const ClientTransport& transport);

[[nodiscard]] base::Result<std::unique_ptr<HttpClient>> make_http_client(Runtime& runtime, ClientTransport transport);

}  // namespace belfry::net
