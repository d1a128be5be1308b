// How commands reach the running gateway: its admin listener.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "config/settings.hpp"

namespace belfry::app {

struct AdminRequest {
  std::string path;
  std::string method = "GET";
  base::Millis timeout{10'000};
};

// Where a gateway may be reached.
struct GatewayAddresses {
  config::AdminSettings admin;            // as configured
  std::vector<std::string> sockets = {};  // "unix:PATH": tried when none of those answers
  std::filesystem::path file = {};        // behind `sockets` only a gateway with this configuration is meant; empty: any is
};

// Of the gateway that a command is about, also when its configuration cannot be read or there is none.
[[nodiscard]] GatewayAddresses gateway_addresses(const CommonOptions& common, const config::Loaded& loaded);

// Over the first address that answers, Unix sockets first. Blocks. An answer other than 200 is an error, but for 409 and 422: those have
// something to say too. ErrorCode::unavailable: nobody answers.
[[nodiscard]] base::Result<std::string> ask_gateway_text(const GatewayAddresses& gateway, const AdminRequest& request);
// The same for what is JSON.
[[nodiscard]] base::Result<nlohmann::json> ask_gateway(const GatewayAddresses& gateway, const AdminRequest& request);

}  // namespace belfry::app
