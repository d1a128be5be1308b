// The composition root: builds the gateway from its settings, in order, and takes it down in reverse.
// Thread rule: start, stop and destruction from one thread.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "config/settings.hpp"

namespace belfry::app {

class App {
 public:
  // When it returns, the gateway listens and delivers. The error is one sentence that says what to mend; nothing runs then.
  [[nodiscard]] static base::Result<std::unique_ptr<App>> start(config::Settings settings, std::shared_ptr<base::Scrubber> scrubber,
                                                                base::Logger log);
  // What start() left running is stopped without grace.
  ~App();

  // Takes nothing new in, lets what is in flight end (bounded), keeps the rest in the store. Blocks.
  void stop();

  [[nodiscard]] std::vector<std::string> addresses() const;
  [[nodiscard]] std::vector<std::string> admin_addresses() const;

  struct Impl;

 private:
  explicit App(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::app
