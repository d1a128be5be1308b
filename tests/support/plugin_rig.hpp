// Test fixture with a plugin host: real thread pools and timers, and doubles for the network, the store and /metrics.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>
#include <deque>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <regex>

#include "base/ids.hpp"
#include "plugin/host.hpp"

namespace belfry::testing {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// A temporary directory that only its owner can access; removed on destruction.
class PrivateDirectory {
 public:
  PrivateDirectory() : path_(fs::temp_directory_path() / ("belfry-" + base::random_hex(8))) {
    fs::create_directory(path_);
    fs::permissions(path_, fs::perms::owner_all);
  }
  ~PrivateDirectory() { fs::remove_all(path_); }
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// A queue between threads; take() waits with a timeout. Thread-safe.
template <class T>
class Mailbox {
 public:
  void put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  std::optional<T> take(std::chrono::milliseconds timeout = 20s) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, timeout, [&] { return !values_.empty(); })) return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  [[nodiscard]] std::size_t size() {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

class RecordingMetrics final : public plugin::MetricsBackend {
 public:
  void counter_add(std::string_view, std::string_view name, double by) override { add("counter " + std::string(name), by); }
  void gauge_set(std::string_view, std::string_view name, double value) override {
    const std::lock_guard lock(mutex_);
    values_["gauge " + std::string(name)] = value;
  }
  void violation(std::string_view, std::string_view kind) override { add(std::string(kind), 1); }

  [[nodiscard]] double value(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return values_[name];
  }
  [[nodiscard]] bool wait_for(const std::string& name, std::chrono::milliseconds timeout = 20s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return values_[name] > 0; });
  }

 private:
  void add(const std::string& name, double by) {
    const std::lock_guard lock(mutex_);
    values_[name] += by;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, double> values_;
};

class MemoryKv final : public plugin::KvBackend {
 public:
  void get(std::string scope, std::string key, Handler<std::optional<Value>> handler) override {
    if (failing) return handler(base::fail("the disk is full"));
    const auto found = values_.find({scope, key});
    handler(found == values_.end() ? std::nullopt : std::optional(found->second));
  }
  void put(std::string scope, std::string key, std::string value, std::optional<std::uint64_t> expected,
           Handler<std::uint64_t> handler) override {
    Value& slot = values_[{scope, key}];
    if (expected && *expected != slot.version) return handler(std::uint64_t{0});
    slot = {std::move(value), slot.version + 1};
    handler(slot.version);
  }
  void erase(std::string scope, std::string key, Handler<bool> handler) override { handler(values_.erase({scope, key}) == 1); }

  bool failing = false;

 private:
  std::map<std::pair<std::string, std::string>, Value> values_;  // only the instance's strand uses it
};

class RecordingRecipients final : public plugin::RecipientsBackend {
 public:
  void set_time_zone(std::string_view sink, std::string_view email, std::string_view zone) override {
    time_zones.put(std::string(sink) + " " + std::string(email) + " " + std::string(zone));
  }
  Mailbox<std::string> time_zones;
};

// An HTTP client that never connects: the test reads `requests` and answers them. Thread-safe.
class ScriptedHttp final : public net::HttpClient {
 public:
  struct SentRequest {
    net::ClientRequestId id = 0;
    net::ClientRequest request;
  };
  net::ClientRequestId send(net::ClientRequest request, net::ClientHandler handler) override {
    const std::lock_guard lock(mutex_);
    const auto id = ++last_;
    handlers_.emplace(id, std::move(handler));
    requests.put({id, std::move(request)});
    return id;
  }
  void cancel(net::ClientRequestId id) override {
    answer(id, std::unexpected(net::ClientError{net::ClientError::Kind::cancelled, true, "cancelled"}));
    cancelled.put(id);
  }
  void answer(net::ClientRequestId id, std::expected<net::ClientResponse, net::ClientError> result) {
    net::ClientHandler handler;
    {
      const std::lock_guard lock(mutex_);
      const auto found = handlers_.find(id);
      if (found == handlers_.end()) return;
      handler = std::move(found->second);
      handlers_.erase(found);
    }
    handler(std::move(result));
  }

  Mailbox<SentRequest> requests;
  Mailbox<net::ClientRequestId> cancelled;

 private:
  std::mutex mutex_;
  net::ClientRequestId last_ = 0;
  std::map<net::ClientRequestId, net::ClientHandler> handlers_;
};

// WebSocket connections with the test as the peer.
class ScriptedWebSockets final : public net::WebSocketClient {
 public:
  class Socket final : public net::WebSocket {
   public:
    Socket(net::WebSocketRequest opened_with, net::WebSocketHandler handler)
        : request(std::move(opened_with)), handler_(std::move(handler)) {}

    void receive(std::uint32_t messages) override { received.put(messages); }
    bool send_text(std::string text) override {
      if (clogged) return false;
      sent.put(std::move(text));
      return true;
    }
    void close(std::uint16_t code, std::string reason) override {
      closed.put(std::to_string(code) + " " + reason);
      emit({.close_code = code});
    }
    // Thread-safe. Events are delivered one at a time, in order: the thread that is delivering one also delivers those emitted meanwhile.
    void emit(net::WebSocketEvent event) {
      {
        const std::lock_guard lock(mutex_);
        events_.push_back(std::move(event));
        if (std::exchange(emitting_, true)) return;
      }
      while (auto next = take()) {
        const bool last = next->kind == net::WebSocketEvent::Kind::closed;
        if (handler_) handler_(std::move(*next));
        if (last) handler_ = nullptr;
      }
    }

    const net::WebSocketRequest request;
    std::atomic<bool> clogged = false;
    Mailbox<std::uint32_t> received;
    Mailbox<std::string> sent;
    Mailbox<std::string> closed;

   private:
    std::optional<net::WebSocketEvent> take() {
      const std::lock_guard lock(mutex_);
      emitting_ = !events_.empty();
      if (!emitting_) return std::nullopt;
      auto next = std::move(events_.front());
      events_.pop_front();
      return next;
    }

    std::mutex mutex_;
    std::deque<net::WebSocketEvent> events_;
    bool emitting_ = false;
    net::WebSocketHandler handler_;  // used only by the thread that delivers events
  };

  std::shared_ptr<net::WebSocket> connect(net::WebSocketRequest request, net::WebSocketHandler handler) override {
    auto socket = std::make_shared<Socket>(std::move(request), std::move(handler));
    requests.put(socket);
    return socket;
  }

  Mailbox<std::shared_ptr<Socket>> requests;
};

class LogLines {
 public:
  void add(const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
    changed_.notify_all();
  }
  [[nodiscard]] bool wait_for(const std::string& part, std::chrono::milliseconds timeout = 20s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return count_locked(part) > 0; });
  }
  [[nodiscard]] std::size_t count(const std::string& part) {
    const std::lock_guard lock(mutex_);
    return count_locked(part);
  }
  [[nodiscard]] std::string all() {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& line : lines_) text += line + "\n";
    return text;
  }

 private:
  std::size_t count_locked(const std::string& part) const {
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) { return line.find(part) != std::string::npos; }));
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

class PluginRig : public ::testing::Test {
 protected:
  PluginRig() {
    // Generous, for busy machines and sanitizers. Plugins that a test expects to time out block forever.
    settings_.probe.start = 60s;
    settings_.probe.scan = 20s;
    settings_.probe.configure = 20s;
    settings_.state_dir = state_.path();
    limits_.control = 20s;
    limits_.hung = 20s;
  }
  ~PluginRig() override {
    for (const auto& instance : opened_) stop(*instance, 5s);
    host_.reset();
    for (auto* runtime : {&plugins_, &offload_, &net_}) {
      runtime->stop();
      EXPECT_TRUE(runtime->join(20s));
    }
  }

  // Copies a built plugin into the scanned directory.
  fs::path install(const std::string& name) {
    const fs::path file = directory_.path() / (name + ".so");
    fs::copy_file(built(name), file, fs::copy_options::overwrite_existing);
    fs::permissions(file, fs::perms::owner_all);
    return file;
  }
  static fs::path built(const std::string& name) {
    const char* build = std::getenv("BELFRY_BUILD_DIR");
    return fs::path(build == nullptr ? "." : build) / "hostile" / (name + ".so");
  }

  plugin::Catalogue scan() { return plugin::scan({directory_.path()}, settings_, log_); }
  // Installs a plugin and returns why the scan refused it; "" if it was accepted.
  std::string refusal(const std::string& name) {
    install(name);
    const auto catalogue = scan();
    return catalogue.entries.size() == 1 ? catalogue.entries[0].refusal : "";
  }

  plugin::SinkCheck check(const plugin::Catalogue& catalogue, nlohmann::json config = nlohmann::json::object(),
                          std::map<std::string, std::string> unresolved = {}) {
    return plugin::check_sinks(catalogue, {{"sink", "hostile", std::move(config), {std::move(unresolved)}}}, settings_, *scrubber_).at(0);
  }

  plugin::Host& host() {
    if (!host_) {
      host_ = std::make_unique<plugin::Host>(
          plugin::HostParts{net_, plugins_, offload_, clock_, log_, scrubber_, kv_, recipients_, metrics_, limits_});
    }
    return *host_;
  }
  base::Result<std::shared_ptr<plugin::Instance>> try_open(plugin::CheckedSink sink) {
    auto instance = host().open(std::move(sink), http_, websockets_);
    if (instance) {
      (*instance)->on_health([this](plugin::Health health) { health_.put(health); });
      (*instance)->on_late([this](const std::string&, std::uint32_t, const model::Outcome& outcome) { late_.put(outcome); });
      opened_.push_back(*instance);
    }
    return instance;
  }
  // Installs, scans, checks and opens a plugin. Null, with a failed expectation, if any of these fails.
  std::shared_ptr<plugin::Instance> open(const std::string& name, nlohmann::json config = nlohmann::json::object()) {
    install(name);
    const auto catalogue = scan();
    const auto checked = check(catalogue, std::move(config));
    for (const auto& problem : checked.problems) ADD_FAILURE() << problem.pointer << ": " << problem.text;
    if (!checked.sink) return nullptr;
    auto instance = try_open(*checked.sink);
    if (!instance) ADD_FAILURE() << instance.error().message;
    return instance ? *instance : nullptr;
  }

  plugin::SendRequest message(std::chrono::milliseconds deadline = 20s, const std::string& id = "delivery-1") {
    model::Message message;
    message.delivery.id = id;
    message.delivery.sink = "sink";
    message.delivery.destination.address = "bobby@coder.com";
    model::Notification notification;
    notification.id = "notification-1";
    notification.title = "Workspace created";
    notification.body = "It is there.";
    message.items.push_back(notification);
    return {std::make_shared<const model::Message>(std::move(message)), 1, deadline};
  }
  // Waits for the outcome. A default outcome, with a failed expectation, if none arrives.
  model::Outcome deliver(plugin::Instance& instance, plugin::SendRequest send) {
    const auto box = std::make_shared<Mailbox<model::Outcome>>();
    instance.deliver(std::move(send), [box](model::Outcome outcome) { box->put(std::move(outcome)); });
    auto outcome = box->take();
    EXPECT_TRUE(outcome.has_value()) << "no outcome arrived";
    return outcome.value_or(model::Outcome{});
  }
  bool stop(plugin::Instance& instance, std::chrono::milliseconds timeout) {
    const auto box = std::make_shared<Mailbox<bool>>();
    instance.stop(timeout, [box] { box->put(true); });
    return box->take(timeout + 20s).has_value();
  }
  // Expects that the host still works: another instance delivers.
  void expect_alive() {
    const PrivateDirectory other;
    const fs::path file = other.path() / "plain.so";
    fs::copy_file(built("plain"), file);
    fs::permissions(file, fs::perms::owner_all);
    const auto catalogue = plugin::scan({other.path()}, settings_, log_);
    const auto checked = check(catalogue);
    ASSERT_TRUE(checked.sink.has_value());
    const auto instance = try_open(*checked.sink);
    ASSERT_TRUE(instance.has_value()) << instance.error().message;
    EXPECT_EQ(deliver(**instance, message()).code, model::OutcomeCode::delivered);
  }

  PrivateDirectory directory_;
  PrivateDirectory state_;
  LogLines lines_;
  std::shared_ptr<base::Scrubber> scrubber_ = std::make_shared<base::Scrubber>();
  base::Logger log_{base::LogLevel::debug, scrubber_, [this](base::LogLevel, const std::string& line) { lines_.add(line); }};
  base::SystemClock clock_;
  MemoryKv kv_;
  RecordingRecipients recipients_;
  RecordingMetrics metrics_;
  std::shared_ptr<ScriptedHttp> http_ = std::make_shared<ScriptedHttp>();
  std::shared_ptr<ScriptedWebSockets> websockets_ = std::make_shared<ScriptedWebSockets>();
  Mailbox<plugin::Health> health_;
  Mailbox<model::Outcome> late_;
  plugin::InspectSettings settings_;
  plugin::Limits limits_;
  net::Runtime net_{"net", 1, log_};
  net::Runtime plugins_{"plugin", 1, log_};
  net::Runtime offload_{"offload", 1, log_};
  std::unique_ptr<plugin::Host> host_;
  std::vector<std::shared_ptr<plugin::Instance>> opened_;
};

}  // namespace belfry::testing
