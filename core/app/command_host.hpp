// What a command opens plugins with when there is no gateway: threads, a host, and stand-ins for what a gateway keeps.
// When a plugin does not return, destruction leaves its thread behind after two seconds, and with it everything that the thread may still
// use: that stays until the process ends. Instances have to be let go of before.
// Thread rule: made and destroyed by one thread. `Backends` is VolatileBackends or derived from it.
#pragma once
#include <memory>

#include "app/configuration.hpp"
#include "app/volatile_backends.hpp"
#include "base/clock.hpp"
#include "plugin/host.hpp"

namespace belfry::app {

template <class Backends>
class CommandHost {
 public:
  explicit CommandHost(std::shared_ptr<base::Scrubber> scrubber) : parts_(std::make_unique<Parts>(std::move(scrubber))) {}
  ~CommandHost() {
    parts_->host.reset();
    bool ended = true;
    for (auto* threads : {&parts_->plugins, &parts_->net}) {
      threads->stop();
      ended = threads->join(std::chrono::seconds(2)) && ended;
    }
    if (ended) return;
    parts_->left_before = left_behind_;
    left_behind_ = parts_.release();
  }
  CommandHost(const CommandHost&) = delete;
  CommandHost& operator=(const CommandHost&) = delete;

  [[nodiscard]] plugin::Host& host() { return *parts_->host; }
  [[nodiscard]] net::Runtime& net() { return parts_->net; }
  [[nodiscard]] net::Runtime& plugins() { return parts_->plugins; }

 private:
  struct Parts {
    explicit Parts(std::shared_ptr<base::Scrubber> scrubber)
        : host(std::make_unique<plugin::Host>(
              plugin::HostParts{net, plugins, net, clock, log, std::move(scrubber), backends, backends, backends, {}})) {}

    const base::Logger log = silent_logger();
    const base::SystemClock clock{};
    Backends backends{};
    net::Runtime plugins{"plugin", 1, log};
    net::Runtime net{"command", 2, log};
    std::unique_ptr<plugin::Host> host;
    Parts* left_before = nullptr;
  };
  static inline Parts* left_behind_ = nullptr;  // never destroyed
  std::unique_ptr<Parts> parts_;
};

}  // namespace belfry::app
