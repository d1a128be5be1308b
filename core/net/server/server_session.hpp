// Serves one connection: reads a request, sends its response, then reads the next request. Private to core/net.
// Thread rule: runs on the strand of its stream. Ownership: its coroutine owns it; replies and the server hold weak references.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>

#include "net/event.hpp"
#include "net/http_parser.hpp"
#include "net/server/body_budget.hpp"
#include "net/server/connection_table.hpp"
#include "net/server/http_server.hpp"
#include "net/server/request_rules.hpp"
#include "net/stream.hpp"

namespace belfry::net {

// The services of the server that a session uses. Thread rule: any thread.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  [[nodiscard]] virtual bool draining() const = 0;
  [[nodiscard]] virtual Router::Match match(const ServerRequest& request) const = 0;
  // Runs the handler. If it throws, the exception is logged and the dropped reply sends 500. Does nothing once the server has stopped.
  virtual void call(const HttpRoute& route, ServerRequest request, Reply reply) = 0;
  // Returns the route's response to a request that it does not admit; none: admitted. An exception is logged and returns 500.
  [[nodiscard]] virtual std::optional<ServerResponse> admit(const HttpRoute& route, const ServerRequest& request) = 0;

  enum class Progress { receiving, handling, answered, refused, closing };
  virtual void progress(ConnectionId connection, Progress progress) = 0;
  virtual void answered(const AccessRecord& answer) = 0;
  [[nodiscard]] virtual BodyBudget& body_budget() = 0;
  virtual void body_refused() = 0;  // there was no memory for it
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  struct Options {
    ServerLimits limits;
    std::shared_ptr<asio::ssl::context> tls;  // null: plain
    bool over_limit = false;                  // over max_connections: sends one 503 and closes
    bool single_request = false;              // the listener is closing: serves one request
    ConnectionId id = 0;
  };

  Session(Stream::Socket socket, Options options, std::shared_ptr<SessionHost> host);

  Awaitable<void> run();  // spawn it on executor()
  [[nodiscard]] const Executor& executor() const { return executor_; }
  [[nodiscard]] ConnectionId id() const { return options_.id; }

  // From any thread.
  void drain();  // closes the connection now if it waits for a request, otherwise after the current response
  void stop();
  void displace();  // closes it in favor of another connection; if a request is being handled, after the response

 private:
  enum class Step { done, refused, gone };

  Awaitable<bool> exchange();  // one request and its response; false: it was the last
  Awaitable<Step> read_head(RequestParser& parser);
  Awaitable<Step> read_body(RequestParser& parser, std::size_t max_body, bool wants_continue);
  Awaitable<Step> reserve_body(std::size_t bytes);
  Awaitable<Step> fill();
  Awaitable<ServerResponse> run_handler(const Router::Match& match, ServerRequest request);
  Awaitable<bool> send(const ServerResponse& response, bool head_only, bool keep_alive, bool http_1_0);
  Step check_head(RequestParser& parser, ServerRequest& request, Router::Match& match);
  Step refuse(ServerResponse response);
  Step refuse(int status, std::string_view line) { return refuse(text_response(status, line)); }
  void on_reply(std::uint64_t request, ServerResponse response);
  friend class PendingReply;

  const std::shared_ptr<Stream> stream_;
  const Executor executor_;
  const Options options_;
  const std::shared_ptr<SessionHost> host_;
  const std::string remote_;
  const Peer peer_;
  const std::optional<std::uint32_t> peer_uid_;
  std::string client_subject_;

  boost::beast::flat_buffer buffer_;
  std::string out_;
  bool waiting_ = false;   // for the first byte of a request
  bool draining_ = false;  // no request after the current one
  bool handling_ = false;  // the handler has the request
  bool displaced_ = false;
  bool unused_ = true;                // no request has been answered
  bool slow_ = false;                 // the request did not arrive in one read
  base::SteadyTime head_deadline_{};  // of the first request
  base::SteadyTime request_deadline_{};
  ServerResponse refusal_;
  std::shared_ptr<BodyBudget::Reservation> reservation_;  // of the body being read
  Event reservation_changed_;

  std::uint64_t request_ = 0;  // numbers the requests, so that a late reply does not answer the next one
  std::optional<ServerResponse> answer_;
  Event answered_;

  std::time_t date_time_ = 0;
  std::string date_;
};

}  // namespace belfry::net
