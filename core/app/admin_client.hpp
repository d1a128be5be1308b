// How commands talk to the running gateway: its admin listener.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "config/settings.hpp"

namespace belfry::app {

struct AdminRequest {
  std::string path;
  std::string method = "GET";
  base::Millis timeout{10'000};
};

// Over the first address of admin.listen that answers, Unix sockets first. Blocks. An answer other than 200 is an error, but for 422: that
// has something to say too.
[[nodiscard]] base::Result<std::string> ask_gateway_text(const config::AdminSettings& admin, const AdminRequest& request);
// The same for what is JSON.
[[nodiscard]] base::Result<nlohmann::json> ask_gateway(const config::AdminSettings& admin, const AdminRequest& request);

}  // namespace belfry::app
