// One check of check-online/1: collects its findings until it ends, then passes them to its handler.
// Thread rule: any thread. Ownership: shared by the host call and a finding that is being added.
#pragma once
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "plugin/contract/instance.hpp"

namespace belfry::plugin {

class OnlineCheck {
 public:
  explicit OnlineCheck(FindingsHandler handler) : handler_(std::move(handler)) {}

  enum class Added {
    yes,
    full,     // BELFRY_MAX_FINDINGS were added before, and this is the first to be dropped
    dropped,  // too many, and it was reported before
    over,     // the check has ended
  };
  Added add(Finding finding);

  // The first call ends the check. `unfinished`: why not everything could be checked, which becomes an error; empty: it could.
  void end(const std::string& unfinished);

 private:
  std::mutex mutex_;
  std::vector<Finding> findings_;
  bool dropping_ = false;
  FindingsHandler handler_;  // null once the check has ended
};

}  // namespace belfry::plugin
