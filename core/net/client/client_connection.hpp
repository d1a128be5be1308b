// A client connection that serves one request at a time and is reused for the next. Private to core/net.
// Thread rule: start() and cancel() from any thread; the rest runs on its strand. Ownership: shared by the pool and its coroutine.
#pragma once
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>

#include "net/client/dialer.hpp"
#include "net/http_parser.hpp"

namespace belfry::net {

using ClientResult = std::expected<ClientResponse, ClientError>;

// A validated request.
struct ClientJob {
  ClientRequestId id = 0;
  ClientRequest request;
  Url url;
  base::SteadyTime deadline;
};

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  // `reusable`: the connection can take another request to the same origin.
  using Done = std::move_only_function<void(ClientResult result, bool reusable)>;

  struct Settings {
    DialSettings dial;
    base::Millis connect_timeout;  // for a new connection, within the request's deadline
  };

  ClientConnection(asio::io_context& io, Settings settings);

  void start(ClientJob job, Done done);  // only after the previous job is done
  void cancel(ClientRequestId id);       // no effect unless that request is in progress

 private:
  struct ExchangeResult {
    std::optional<ClientResponse> response;
    error_code error;       // if there is no response
    bool sent_any = false;  // of the request
    bool sent_all = false;
    bool any_byte = false;  // of a response arrived
    bool reusable = false;
  };

  static Awaitable<void> run(std::shared_ptr<ClientConnection> self, ClientJob job, std::shared_ptr<Done> done);
  Awaitable<ClientResult> perform(const ClientJob& job);
  Awaitable<std::optional<ClientError>> open(const ClientJob& job);
  Awaitable<ExchangeResult> exchange(const ClientJob& job);
  Awaitable<void> receive(ResponseParser& parser, ExchangeResult& answer);
  [[nodiscard]] ClientError failure(const ClientJob& job, const ExchangeResult& answer) const;
  void disconnect();

  const Executor executor_;
  const base::Millis connect_timeout_;
  Dialer dialer_;
  std::shared_ptr<Stream> stream_;  // null: not connected
  boost::beast::flat_buffer buffer_;
  ClientRequestId current_ = 0;
  bool cancelled_ = false;
};

}  // namespace belfry::net
