// Client for the admin API of the running gateway.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "config/values/settings.hpp"

namespace belfry::cli {

struct AdminRequest {
  std::string path;
  std::string method = "GET";
  base::Millis timeout{10'000};
};

// Addresses at which a gateway may be reached.
struct GatewayAddresses {
  config::AdminSettings admin;            // as configured
  std::vector<std::string> sockets = {};  // "unix:PATH": tried if none of those answers
  std::filesystem::path file = {};        // the gateway behind `sockets` must use this file; empty: any gateway is meant
};

// The addresses of the gateway that a command is about, even if its configuration is unreadable or missing. `file`: the value of --config.
[[nodiscard]] GatewayAddresses gateway_addresses(const std::filesystem::path& file, const config::LoadResult& loaded);

// Returns the body of the first address that answers, Unix sockets first. Blocks. A status other than 200 is an error, except for 409 and
// 422, whose bodies are results as well. ErrorCode::unavailable: no gateway answers.
[[nodiscard]] base::Result<std::string> call_gateway_text(const GatewayAddresses& gateway, const AdminRequest& request);
// The same for a JSON body.
[[nodiscard]] base::Result<nlohmann::json> call_gateway(const GatewayAddresses& gateway, const AdminRequest& request);

}  // namespace belfry::cli
