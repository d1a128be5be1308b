// Load generator: sends Coder payloads over keep-alive connections, a fixed number in flight, and prints the results as a line of JSON.
//   bench_load URL PAYLOAD.json COUNT IN_FLIGHT RECIPIENTS FIRST
// Payload i has a unique msg_id, "load-i" in its body, and recipient i mod RECIPIENTS. Numbers start at FIRST.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "net/client/http_client.hpp"

using namespace belfry;
using std::chrono::steady_clock;

namespace {

class Load {
 public:
  Load(net::HttpClient& client, std::string url, nlohmann::json payload, long count, long recipients, long first)
      : client_(client), url_(std::move(url)), payload_(std::move(payload)), count_(count), recipients_(recipients), first_(first) {
    const auto began = steady_clock::now();
    for (long i = 0; i < count_; ++i) bodies_.push_back(body(i));
    preparation_ = std::chrono::duration<double>(steady_clock::now() - began).count();
    seconds_.reserve(static_cast<std::size_t>(count_));
  }

  void run(long in_flight) {
    started_ = steady_clock::now();
    for (long i = 0; i < in_flight; ++i) send_next();
    std::unique_lock lock(mutex_);
    over_.wait(lock, [&] { return ended_ == count_; });
    took_ = std::chrono::duration<double>(steady_clock::now() - started_).count();
  }

  [[nodiscard]] nlohmann::json report() {
    std::sort(seconds_.begin(), seconds_.end());
    const auto at = [&](double q) {
      return seconds_.empty() ? 0.0 : seconds_[static_cast<std::size_t>(q * static_cast<double>(seconds_.size() - 1))] * 1000;
    };
    return {{"requests", count_},
            {"failed", failed_},
            {"seconds", took_},
            {"per_second", static_cast<double>(count_) / took_},
            {"p50_ms", at(0.5)},
            {"p99_ms", at(0.99)},
            {"max_ms", at(1.0)},
            {"first_failure", first_failure_},
            {"preparation_seconds", preparation_}};
  }

 private:
  [[nodiscard]] std::string body(long i) {
    auto document = payload_;
    const auto number = first_ + i;
    document["msg_id"] = base::new_id(base::SystemClock().now());
    document["payload"]["user_email"] = "user" + std::to_string(number % recipients_) + "@example.com";
    const auto text = "load-" + std::to_string(number) + " " + document["body"].get<std::string>();
    document["body"] = text;
    if (document.contains("body_markdown")) document["body_markdown"] = text;
    return document.dump();
  }

  void send_next() {
    const auto i = next_++;
    if (i >= count_) return;
    net::ClientRequest request;
    request.method = "POST";
    request.url = url_;
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(bodies_[static_cast<std::size_t>(i)]);
    request.timeout = base::Millis(60'000);
    const auto began = steady_clock::now();
    client_.send(std::move(request), [this, began](auto response) {
      const auto took = std::chrono::duration<double>(steady_clock::now() - began).count();
      const bool good = response && response->status / 100 == 2;
      {
        const std::lock_guard lock(mutex_);
        seconds_.push_back(took);
        ++ended_;
        if (!good && failed_++ == 0) first_failure_ = response ? std::to_string(response->status) : response.error().detail;
      }
      if (ended_ == count_) over_.notify_all();
      send_next();
    });
  }

  net::HttpClient& client_;
  std::string url_;
  nlohmann::json payload_;
  long count_, recipients_, first_;
  std::vector<std::string> bodies_;
  std::atomic<long> next_ = 0;
  std::mutex mutex_;
  std::condition_variable over_;
  std::atomic<long> ended_ = 0;
  long failed_ = 0;
  std::string first_failure_;
  std::vector<double> seconds_;
  steady_clock::time_point started_;
  double took_ = 0;
  double preparation_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: bench_load URL PAYLOAD.json COUNT IN_FLIGHT RECIPIENTS FIRST\n");
    return 2;
  }
  const base::Logger log(base::LogLevel::warn, std::make_shared<base::Scrubber>());
  net::Runtime runtime("load", 1, log);
  net::ClientTransport transport;
  const long in_flight = std::atol(argv[4]);
  transport.max_connections_per_host = static_cast<std::size_t>(in_flight);
  auto client = net::make_http_client(runtime, transport);
  if (!client) {
    std::fprintf(stderr, "%s\n", client.error().message.c_str());
    return 1;
  }
  std::ifstream file(argv[2]);
  Load load(**client, argv[1], nlohmann::json::parse(file), std::atol(argv[3]), std::atol(argv[5]), std::atol(argv[6]));
  load.run(in_flight);
  std::printf("%s\n", load.report().dump().c_str());
  std::fflush(stdout);
  runtime.stop();
  static_cast<void>(runtime.join(base::Millis(2000)));
  return 0;
}
