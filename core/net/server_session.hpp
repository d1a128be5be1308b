// One connection of the server: its requests one after the other, each answered before the next is read. Private to core/net.
// Thread rule: runs on the strand of its stream. Ownership: its coroutine holds it; replies and the server watch it weakly.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>

#include "net/body_budget.hpp"
#include "net/connection_table.hpp"
#include "net/http_server.hpp"
#include "net/message_parser.hpp"
#include "net/request_rules.hpp"
#include "net/stream.hpp"
#include "net/timeout.hpp"

namespace belfry::net {

// What a session needs from its server. Thread rule: any thread.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  [[nodiscard]] virtual bool draining() const = 0;
  [[nodiscard]] virtual Router::Match match(const ServerRequest& request) const = 0;
  // Runs the handler; one that throws is logged, and its reply answers 500. Does nothing once the server has stopped.
  virtual void call(const Route& route, ServerRequest request, Reply reply) = 0;
  // The route's answer to a request that it does not admit; one that throws is logged and answers 500.
  [[nodiscard]] virtual std::optional<ServerResponse> admit(const Route& route, const ServerRequest& request) = 0;

  enum class Progress { receiving, handling, answered, refused, closing };
  virtual void progress(ConnectionId connection, Progress progress) = 0;
  virtual void answered(const ServerAnswer& answer) = 0;
  [[nodiscard]] virtual BodyBudget& bodies() = 0;
  virtual void body_refused() = 0;  // for want of memory
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  struct Terms {
    ServerLimits limits;
    std::shared_ptr<asio::ssl::context> tls;  // null: plain
    bool refuse = false;                      // over max_connections: one 503 and the end
    bool last = false;                        // its door has closed: one request
    ConnectionId id = 0;
  };

  Session(Stream::Socket socket, Terms terms, std::shared_ptr<SessionHost> host);

  Awaitable<void> run();  // to be spawned on executor()
  [[nodiscard]] const Executor& executor() const { return executor_; }
  [[nodiscard]] ConnectionId id() const { return terms_.id; }

  // From any thread.
  void drain();  // ends it now when it waits for a request, else after the answer it is working on
  void stop();
  void displace();  // closes it to make room for another; after the answer when a request is being handled

 private:
  enum class Step { done, refused, gone };

  Awaitable<bool> exchange();  // one request and its answer; false: it was the last
  Awaitable<Step> read_head(RequestParser& parser);
  Awaitable<Step> read_body(RequestParser& parser, std::size_t most, bool wants_continue);
  Awaitable<Step> claim_body(std::size_t bytes);
  Awaitable<Step> fill();
  Awaitable<ServerResponse> handled(const Router::Match& match, ServerRequest request);
  Awaitable<bool> send(const ServerResponse& response, bool head_only, bool keep_alive, bool http_1_0);
  Step judge(RequestParser& parser, ServerRequest& request, Router::Match& match);
  Step refuse(ServerResponse response);
  Step refuse(int status, std::string_view line) { return refuse(text_response(status, line)); }
  void answered(std::uint64_t request, ServerResponse response);
  friend class PendingReply;

  const std::shared_ptr<Stream> stream_;
  const Executor executor_;
  const Terms terms_;
  const std::shared_ptr<SessionHost> host_;
  const std::string remote_;
  const Peer peer_;
  std::string client_subject_;

  boost::beast::flat_buffer buffer_;
  std::string out_;
  bool waiting_ = false;   // for the first byte of a request
  bool leaving_ = false;   // no request after the one that is worked on
  bool handling_ = false;  // the request is with the handler
  bool displaced_ = false;
  bool unused_ = true;                // no request has been answered
  bool slow_ = false;                 // the request did not come at once
  base::SteadyTime head_deadline_{};  // of the first request
  base::SteadyTime request_deadline_{};
  ServerResponse refusal_;
  std::shared_ptr<BodyBudget::Claim> claim_;  // of the body being read
  Event claim_changed_;

  std::uint64_t request_ = 0;  // numbers the requests, so that a late reply does not answer the next one
  std::optional<ServerResponse> answer_;
  Event answered_;

  std::time_t date_time_ = 0;
  std::string date_;
};

}  // namespace belfry::net
