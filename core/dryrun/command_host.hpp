// Opens plugins for a command that runs without a gateway: threads, a host, and stand-ins for the backends of a gateway. `Backends` is
// VolatileBackends or derived from it.
// Thread rule: created and destroyed by one thread.
// Ownership: release all instances before destruction. A plugin thread that does not end within two seconds is leaked, with everything that
// it may still use, until the process ends.
#pragma once
#include <memory>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "dryrun/inert_backends.hpp"
#include "plugin/host.hpp"

namespace belfry::dryrun {

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
    parts_->next_leaked = leaked_;
    leaked_ = parts_.release();
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

    const base::Logger log = base::silent_logger();
    const base::SystemClock clock{};
    Backends backends{};
    net::Runtime plugins{"plugin", 1, log};
    net::Runtime net{"command", 2, log};
    std::unique_ptr<plugin::Host> host;
    Parts* next_leaked = nullptr;
  };
  static inline Parts* leaked_ = nullptr;  // never destroyed
  std::unique_ptr<Parts> parts_;
};

}  // namespace belfry::dryrun
