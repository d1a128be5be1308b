// One connection of the client, used for one request after the other. Private to core/net.
// Thread rule: start() and cancel() from any thread; the rest runs on its strand. Ownership: shared by the pool and its coroutine.
#pragma once
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>

#include "net/dialer.hpp"
#include "net/message_parser.hpp"

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
    DialSettings dial;
    base::Millis connect;  // for a new connection, within the deadline of the request
  };

  ClientConnection(asio::io_context& io, Settings settings);

  void start(ClientJob job, Done done);  // only after the one before is done
  void cancel(ClientRequestId id);       // without effect unless that is the one under way

 private:
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
  Awaitable<Answer> exchange(const ClientJob& job);
  Awaitable<void> receive(ResponseParser& parser, Answer& answer);
  [[nodiscard]] ClientError failure(const ClientJob& job, const Answer& answer) const;
  void disconnect();

  const Executor executor_;
  const base::Millis connect_;
  Dialer dialer_;
  std::shared_ptr<Stream> stream_;  // null: not connected
  boost::beast::flat_buffer buffer_;
  ClientRequestId current_ = 0;
  bool cancelled_ = false;
};

}  // namespace belfry::net
