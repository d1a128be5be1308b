// Client for the admin API of the running gateway. Blocks until each response has arrived or timed out.
// Thread rule: one thread per AdminClient.
#pragma once
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "config/values/settings.hpp"

namespace belfry::cli {

struct AdminRequest {
  std::string path;  // percent-encoded; may end in a query
  std::string method = "GET";
  base::Millis timeout{10'000};
  std::vector<std::pair<std::string, std::string>> query = {};  // not encoded; an empty value leaves the parameter out
  std::optional<nlohmann::json> body = {};
};

// `text` as one segment of a path or one value of a query.
[[nodiscard]] std::string percent_encoded(std::string_view text);

// Addresses at which a gateway may be reached.
struct GatewayAddresses {
  config::AdminSettings admin;            // as configured
  std::vector<std::string> sockets = {};  // "unix:PATH": tried if none of those answers
  std::filesystem::path file = {};        // the gateway behind `sockets` must use this file; empty: any gateway is meant
};

// The addresses of the gateway that a command is about, even if its configuration is unreadable or missing. `file`: the value of --config.
[[nodiscard]] GatewayAddresses gateway_addresses(const std::filesystem::path& file, const config::LoadResult& loaded);

// The gateway of a command. Repeated calls share one connection.
class AdminClient {
 public:
  explicit AdminClient(GatewayAddresses gateway);
  ~AdminClient();
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;

  // Returns the body of the first address that answers, Unix sockets first. A status other than 2xx is an error, except for a 409 or 422
  // without an {"error": ...}, whose body is a result as well. ErrorCode::unavailable: no gateway answers; invalid: 400 or 413; not_found:
  // 404.
  [[nodiscard]] base::Result<std::string> call_text(const AdminRequest& request);
  // The same for a JSON body.
  [[nodiscard]] base::Result<nlohmann::json> call(const AdminRequest& request);

 private:
  struct Connection;
  GatewayAddresses gateway_;
  std::unique_ptr<Connection> connection_;  // made by the first call
};

// The same for a single request.
[[nodiscard]] base::Result<std::string> call_gateway_text(const GatewayAddresses& gateway, const AdminRequest& request);
[[nodiscard]] base::Result<nlohmann::json> call_gateway(const GatewayAddresses& gateway, const AdminRequest& request);

}  // namespace belfry::cli
