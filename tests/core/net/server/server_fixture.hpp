// A server on a free port, with a handler for each way to reply.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "core/net/raw_socket.hpp"
#include "net/server/http_server.hpp"

namespace belfry::net::test {

using namespace std::chrono_literals;

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    char name[] = "/tmp/belfry-net-XXXXXX";
    directory = ::mkdtemp(name);
  }
  ~ServerTest() override {
    server.reset();
    held.clear();
    std::filesystem::remove_all(directory);
  }

  void start(ServerLimits limits = {}, std::vector<ListenConfig> where = {{"127.0.0.1:0", {}}}) {
    server.emplace(runtime, router, limits, log);
    listen_at(where);
  }

  // Listens on these addresses and no others.
  void listen_at(const std::vector<ListenConfig>& where) {
    std::vector<HttpServer::ListenSocket> sockets;
    for (const auto& listen : where) {
      auto socket = server->open(listen);
      ASSERT_TRUE(socket) << socket.error().message;
      sockets.push_back(std::move(*socket));
    }
    server->replace_listeners(std::move(sockets));
  }

  [[nodiscard]] RawSocket connect(std::size_t listener = 0) const { return RawSocket::connect(server->addresses()[listener]); }

  // All bytes received in response to `request`, until the connection closes.
  [[nodiscard]] std::string answer_to(std::string_view request) const {
    auto socket = connect();
    socket.send(request);
    return socket.read_to_end();
  }

  // Waits for the first `count` pending replies of /hold, in the order of their requests.
  void wait_for_held(std::size_t count) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, kSoon, [&] { return held.size() >= count; }));
  }
  Reply take_held(std::size_t index = 0) {
    const std::lock_guard lock(mutex);
    return std::move(held[index]);
  }

  void wait_for_line(std::string_view part) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(
        changed.wait_for(lock, kSoon, [&] { return std::ranges::any_of(lines, [&](const auto& line) { return line.contains(part); }); }));
  }

  RouteTable routes() {
    const auto echo = [](ServerRequest request, Reply reply) { reply({.body = request.body}); };
    const auto show = [](const ServerRequest& r, Reply reply) {
      std::string text = r.method + " " + r.path + " ?" + r.query + " from " + r.remote + " as [" + r.client_subject + "]\n";
      if (r.peer == Peer::unix_socket) text += "over a Unix socket\n";
      for (const auto& [name, value] : r.headers.list()) text += name + "=" + value + "\n";
      reply({.body = text});
    };
    return {
        {"/echo", {.methods = {"POST"}, .handler = echo, .max_body = 1000}},
        {"/big", {.methods = {"POST"}, .handler = echo, .max_body = 8 * 1024 * 1024}},
        {"/show", {.methods = {"GET"}, .handler = show}},
        {"/empty", {.methods = {"POST"}, .handler = [](const ServerRequest&, Reply reply) { reply({.status = 204, .body = "not sent"}); }}},
        {"/large", {.methods = {"GET"}, .handler = [](const ServerRequest&, Reply reply) { reply({.body = std::string(32 << 20, 'x')}); }}},
        {"/other-thread",
         {.methods = {"POST"},
          .handler =
              [this](ServerRequest r, Reply reply) {
                others.post([r = std::move(r), reply = std::move(reply)]() mutable { reply({.body = r.body}); });
              }}},
        {"/hold",
         {.methods = {"GET", "POST"},
          .handler =
              [this](const ServerRequest&, Reply reply) {
                const std::lock_guard lock(mutex);
                held.push_back(std::move(reply));
                changed.notify_all();
              }}},
        {"/drop", {.methods = {"GET"}, .handler = [](const ServerRequest&, const Reply&) {}}},
        {"/throw", {.methods = {"GET"}, .handler = [](const ServerRequest&, const Reply&) { throw std::runtime_error("no luck"); }}},
        {"/split", {.methods = {"GET"}, .handler = [](const ServerRequest&, Reply r) { r({.headers = {{"X", "a\r\nSet-Cookie: b"}}}); }}},
        {"/close", {.methods = {"GET"}, .handler = [](const ServerRequest&, Reply r) { r({.body = "bye", .close = true}); }}},
    };
  }

  std::filesystem::path directory;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Reply> held;
  std::vector<std::string> lines;
  base::Logger log{base::LogLevel::warn, std::make_shared<base::Scrubber>(), [this](base::LogLevel, const std::string& line) {
                     const std::lock_guard lock(mutex);
                     lines.push_back(line);
                     changed.notify_all();
                   }};
  Runtime runtime{"net", 2, log};
  Runtime others{"other", 2, log};  // destroyed before `runtime`, which its replies post to
  Router router{routes()};
  std::optional<HttpServer> server;
};

inline std::string post(std::string_view path, std::string_view body, std::string_view headers = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline std::string get(std::string_view path, std::string_view headers = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n";
}

inline std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }
inline int status_of(const std::string& response) { return response.size() < 12 ? 0 : std::stoi(response.substr(9, 3)); }

}  // namespace belfry::net::test
