// A fake Slack that responds to every call immediately, so that neither gateway of the benchmark has to wait.
//   bench_fake_slack PORT
// GET /stats returns {"posts": n, "lookups": n, "distinct": n}. `distinct` counts distinct messages: fewer than sent means a loss, fewer
// than posts means a duplicate.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>

#include "net/server/http_server.hpp"

using namespace belfry;

namespace {

net::ServerResponse json_answer(std::string body) {
  return {200, {{"Content-Type", "application/json; charset=utf-8"}}, std::move(body), false};
}

// Every message of bench_load contains "load-NUMBER", which stays the same when Bolt URL-encodes the body.
std::string marker_of(const std::string& body) {
  const auto at = body.find("load-");
  if (at == std::string::npos) return {};
  const auto end = body.find_first_not_of("0123456789", at + 5);
  return body.substr(at, end - at);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_fake_slack PORT\n");
    return 2;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const base::Logger log(base::LogLevel::warn, std::make_shared<base::Scrubber>());
  net::Runtime runtime("fake", 1, log);
  std::atomic<long> posts = 0;
  std::atomic<long> lookups = 0;
  std::mutex mutex;
  std::unordered_set<std::string> distinct;

  net::RouteTable table;
  table["/api/auth.test"] = {
      {"GET", "POST"}, [](net::ServerRequest, net::Reply reply) {
        reply(json_answer(
            R"({"ok":true,"url":"https://bench.slack.com/","team":"bench","user":"bot","team_id":"T1","user_id":"UBOT","bot_id":"B1"})"));
      }};
  table["/api/users.lookupByEmail"] = {
      {"GET", "POST"}, [&](net::ServerRequest, net::Reply reply) {
        ++lookups;
        reply(json_answer(R"({"ok":true,"user":{"id":"U012345678","team_id":"T1","deleted":false,"is_bot":false}})"));
      }};
  table["/api/chat.postMessage"] = {
      {"POST"}, [&](net::ServerRequest request, net::Reply reply) {
        ++posts;
        {
          const std::lock_guard lock(mutex);
          distinct.insert(marker_of(request.body));
        }
        reply(json_answer(R"({"ok":true,"channel":"D012345678","ts":"1700000000.000100","message":{"text":"ok"}})"));
      }};
  table["/stats"] = {
      {"GET"}, [&](net::ServerRequest, net::Reply reply) {
        const std::lock_guard lock(mutex);
        reply(json_answer(nlohmann::json{{"posts", posts.load()}, {"lookups", lookups.load()}, {"distinct", distinct.size()}}.dump()));
      }};
  net::Router router(std::move(table));
  net::HttpServer server(runtime, router, {}, log);
  auto socket = server.open({std::string("127.0.0.1:") + argv[1], std::nullopt});
  if (!socket) {
    std::fprintf(stderr, "%s\n", socket.error().message.c_str());
    return 1;
  }
  std::vector<net::HttpServer::ListenSocket> sockets;
  sockets.push_back(std::move(*socket));
  server.replace_listeners(std::move(sockets));
  int signal = 0;
  sigwait(&signals, &signal);
  server.stop();
  runtime.stop();
  static_cast<void>(runtime.join(base::Millis(2000)));
  return 0;
}
