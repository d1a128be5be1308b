// One connection of the client, used for one request after the other. Private to core/net.
// Thread rule: start() and cancel() from any thread; the rest runs on its strand. Ownership: shared by the pool and its coroutine.
#pragma once
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>

#include "net/http_client.hpp"
#include "net/message_parser.hpp"
#include "net/stream.hpp"
#include "net/timeout.hpp"
#include "net/url.hpp"

namespace belfry::net {

using ClientResult = std::expected<ClientResponse, ClientError>;

// A checked request on its way.
struct ClientJob {
  ClientRequestId id = 0;
  ClientRequest request;
  Url url;
  base::SteadyTime deadline;
};

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  // `reusable`: another request to the same origin may follow.
  using Done = std::move_only_function<void(ClientResult result, bool reusable)>;

  struct Settings {
    std::shared_ptr<asio::ssl::context> tls;
    base::Millis connect;
    bool verify = true;
  };

  ClientConnection(asio::io_context& io, Settings settings);

  void start(ClientJob job, Done done);  // only after the one before is done
  void cancel(ClientRequestId id);       // without effect unless that is the one under way

 private:
  struct Lookup;

  struct Answer {
    std::optional<ClientResponse> response;
    error_code error;       // without a response
    bool sent_any = false;  // of the request
    bool sent_all = false;
    bool any_byte = false;  // of an answer
    bool reusable = false;
  };

  static Awaitable<void> run(std::shared_ptr<ClientConnection> self, ClientJob job, std::shared_ptr<Done> done);
  Awaitable<ClientResult> perform(const ClientJob& job);
  Awaitable<std::optional<ClientError>> open(const ClientJob& job);
  Awaitable<std::optional<ClientError>> open_tcp(const Origin& origin, base::SteadyTime deadline);
  Awaitable<std::optional<ClientError>> open_unix(const std::string& path, base::SteadyTime deadline);
  Awaitable<std::optional<ClientError>> open_tls(const Origin& origin, base::SteadyTime deadline);
  Awaitable<void> resolve(const Origin& origin, base::SteadyTime deadline, std::shared_ptr<Lookup> lookup);
  Awaitable<Answer> exchange(const ClientJob& job);
  Awaitable<void> receive(ResponseParser& parser, Answer& answer);
  [[nodiscard]] ClientError failure(const ClientJob& job, const Answer& answer) const;
  void disconnect();

  const Executor executor_;
  asio::io_context& io_;
  const Settings settings_;
  std::shared_ptr<Stream> stream_;  // null: not connected
  boost::beast::flat_buffer buffer_;
  Event woken_;  // from a look-up
  ClientRequestId current_ = 0;
  bool cancelled_ = false;
};

}  // namespace belfry::net
