// Pooled HTTP/1.1 client: TLS 1.2+ with verification and SNI, deadlines and size limits throughout, never a redirect.
// Thread rule: any thread. A handler is called exactly once, on one of the runtime's threads.
#pragma once
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "net/client/proxy.hpp"
#include "net/executor.hpp"
#include "net/http.hpp"

namespace belfry::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;                    // absolute, http or https
  std::filesystem::path unix_socket;  // connect here instead of to the host of the URL
  Headers headers;  // Host, Connection and framing headers are ignored: the client sets them, and User-Agent if it is missing
  std::string body;
  base::Millis timeout{10'000};            // from send() to the last byte of the response
  std::size_t max_response = 1024 * 1024;  // bytes of body
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

struct ClientError {
  enum class Kind {
    invalid_url /* or method, header or socket path */,
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

// "slack.com:443": the part of a URL that may be shown; path and query may contain secrets. "-": not a valid URL.
[[nodiscard]] std::string host_of(std::string_view url);

struct ClientTransport {
  std::filesystem::path ca_file;             // PEM; empty: the system's CA certificates
  std::filesystem::path client_certificate;  // PEM
  std::filesystem::path client_key;
  ProxyRules proxies;
  std::size_t max_connections_per_host = 32;
  std::size_t max_waiting = 10'000;  // requests waiting for a connection; further ones are refused
  base::Millis idle_timeout{60'000};
  base::Millis connect_timeout{10'000};
  bool verify = true;  // the server's certificate; false only in the tests of this class
};

using ClientHandler = std::move_only_function<void(std::expected<ClientResponse, ClientError>)>;
using ClientRequestId = std::uint64_t;  // never 0

// An interface, so that tests can use fakes.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual ClientRequestId send(ClientRequest request, ClientHandler handler) = 0;
  // The handler receives Kind::cancelled unless it has already been called. An unknown id is ignored.
  virtual void cancel(ClientRequestId id) = 0;
};

// Checks that the transport's files can be used. The error names the file and the reason.
[[nodiscard]] base::Result<void> check_transport(const ClientTransport& transport);

// If the server has closed an idle pooled connection, the request is repeated on a new one. Conditions: no byte of a response arrived, and
// either the request was not completely written or the method is GET or HEAD. Otherwise the handler receives `closed` with request_sent.
// Fails if a file of the transport cannot be used: an unreadable CA file, a key that does not match the certificate.
[[nodiscard]] base::Result<std::unique_ptr<HttpClient>> make_http_client(Runtime& runtime, ClientTransport transport);

}  // namespace belfry::net
