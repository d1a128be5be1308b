#include "cli/admin_client.hpp"

#include <algorithm>
#include <future>

#include "base/file_state.hpp"
#include "config/defaults.hpp"
#include "config/load.hpp"
#include "model/untrusted_json.hpp"
#include "net/client/http_client.hpp"

namespace belfry::cli {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr const char* kUnitSocket = "unix:/run/belfry/admin.sock";

using Answer = base::Result<std::string>;

net::ClientRequest request_for(const config::AdminSettings& admin, const std::string& address, const AdminRequest& call) {
  net::ClientRequest request;
  request.method = call.method;
  request.timeout = call.timeout;
  request.max_response = 16UL * 1024 * 1024;
  if (address.starts_with(kUnixPrefix)) {
    request.unix_socket = address.substr(kUnixPrefix.size());
    request.url = "http://localhost" + call.path;
  } else {
    request.url = "http://" + address + call.path;
  }
  if (!admin.token.empty()) request.headers.add("Authorization", "Bearer " + admin.token.reveal());
  return request;
}

Answer body_of(const net::ClientResponse& response, const std::string& address) {
  if (response.status == 401)
    return base::fail("the gateway at " + address + " refused the admin token; is admin.token the one it was started with?");
  if (response.status == 404)
    return base::fail(base::ErrorCode::not_found,
                      "the gateway at " + address + " answered 404: " + response.body.substr(0, response.body.find('\n')));
  if (response.status != 200 && response.status != 409 && response.status != 422)
    return base::fail("the gateway at " + address + " answered " + std::to_string(response.status) + ": " +
                      response.body.substr(0, response.body.find('\n')));
  return response.body;
}

// Most details already include the address.
std::string connect_error(const std::string& address, const std::string& detail) {
  const auto name = address.substr(address.starts_with(kUnixPrefix) ? kUnixPrefix.size() : 0);
  return detail.find(name) != std::string::npos ? detail : address + ": " + detail;
}

// Calls one address after the other and collects the failures.
class GatewayCaller {
 public:
  explicit GatewayCaller(std::unique_ptr<net::HttpClient> client, const config::AdminSettings& admin)
      : client_(std::move(client)), admin_(admin) {}

  std::optional<std::string> try_call(const std::string& address, const AdminRequest& request) {
    const auto promise = std::make_shared<std::promise<std::expected<net::ClientResponse, net::ClientError>>>();
    auto answer = promise->get_future();
    client_->send(request_for(admin_, address, request), [promise](auto response) { promise->set_value(std::move(response)); });
    const auto response = answer.get();
    auto body = response ? body_of(*response, address) : Answer(base::fail(connect_error(address, response.error().detail)));
    if (body) return *std::move(body);
    answered_ = answered_ || response.has_value();
    if (body.error().code == base::ErrorCode::not_found) code_ = base::ErrorCode::not_found;
    add_failure(body.error().message);
    return std::nullopt;
  }
  void add_failure(const std::string& why) { failures_ += (failures_.empty() ? "" : "; ") + why; }
  // Why no address returned a result.
  [[nodiscard]] base::Error error() const {
    if (failures_.empty()) return {base::ErrorCode::unavailable, "no gateway answers: none of its sockets exists; is it running?"};
    if (answered_) return {code_, failures_};
    return {base::ErrorCode::unavailable, "no gateway answers (" + failures_ + "); is it running, and with this configuration?"};
  }

 private:
  std::unique_ptr<net::HttpClient> client_;
  const config::AdminSettings& admin_;
  bool answered_ = false;
  base::ErrorCode code_ = base::ErrorCode::failed;
  std::string failures_;
};

bool same_file(const std::filesystem::path& one, const std::filesystem::path& other) {
  // Without permission to resolve the paths, only the names can be compared.
  const auto name = [](const std::filesystem::path& path) {
    std::error_code denied;
    const auto canonical = std::filesystem::weakly_canonical(path, denied);
    return denied ? std::filesystem::absolute(path).lexically_normal() : canonical;
  };
  return name(one) == name(other);
}

// Why the gateway at that address is not the one meant; empty: it is, or it is too old to report its configuration file.
std::string gateway_mismatch(const std::string& status, const std::string& address, const std::filesystem::path& wanted) {
  const auto document = model::parse_untrusted(status);
  if (!document.is_object() || !document.contains("configuration")) return {};
  const auto& file = document.at("configuration");
  if (!file.is_string()) return "the gateway at " + address + " has no configuration file";
  if (same_file(file.get<std::string>(), wanted)) return {};
  return "the gateway at " + address + " uses " + file.get<std::string>() + "; name that file with --config to reach it";
}

struct Endpoint {
  std::string address;
  bool any_gateway = true;  // any gateway at this address is meant
};

// Unix sockets first. A socket that is only a well-known path is a candidate if the file exists.
std::vector<Endpoint> endpoints(const GatewayAddresses& gateway) {
  std::vector<Endpoint> out;
  const auto add = [&](const std::string& address, bool any_gateway) {
    if (std::ranges::find(out, address, &Endpoint::address) == out.end()) out.push_back({address, any_gateway});
  };
  const auto& admin = gateway.admin;
  for (const auto& address : admin.listen)
    if (address.starts_with(kUnixPrefix) && address != admin.default_socket) add(address, true);
  const auto add_sockets = [&] {
    for (const auto& socket : gateway.sockets)
      if (!base::state_of(socket.substr(kUnixPrefix.size())).absent()) add(socket, false);
  };
  if (!admin.default_socket.empty()) add_sockets();
  for (const auto& address : admin.listen)
    if (!address.starts_with(kUnixPrefix)) add(address, true);
  add_sockets();
  return out;
}

}  // namespace

GatewayAddresses gateway_addresses(const std::filesystem::path& file, const config::LoadResult& loaded) {
  GatewayAddresses out{loaded.admin, {}, config::configuration_file(file)};
  if (const auto socket = config::default_admin_socket(config::process_environment()))
    out.sockets.push_back(std::string(kUnixPrefix) + socket->string());
  out.sockets.emplace_back(kUnitSocket);
  return out;
}

base::Result<std::string> call_gateway_text(const GatewayAddresses& gateway, const AdminRequest& request) {
  const base::Logger log(base::LogLevel::error, std::make_shared<base::Scrubber>());
  net::Runtime runtime("cli", 1, log);
  auto client = net::make_http_client(runtime, {});
  if (!client) return std::unexpected(client.error());

  GatewayCaller caller(std::move(*client), gateway.admin);
  for (const auto& [address, any_gateway] : endpoints(gateway)) {
    if (!any_gateway && !gateway.file.empty()) {
      const auto status = caller.try_call(address, {.path = "/api/v1/status"});
      if (!status) continue;
      if (const auto other = gateway_mismatch(*status, address, gateway.file); !other.empty()) {
        caller.add_failure(other);
        continue;
      }
    }
    if (auto answer = caller.try_call(address, request)) return *std::move(answer);
  }
  if (const auto& socket = gateway.admin.default_socket; !socket.empty() && base::state_of(socket.substr(kUnixPrefix.size())).absent())
    caller.add_failure(socket + " does not exist");
  return std::unexpected(caller.error());
}

base::Result<nlohmann::json> call_gateway(const GatewayAddresses& gateway, const AdminRequest& request) {
  const auto body = call_gateway_text(gateway, request);
  if (!body) return std::unexpected(body.error());
  auto document = model::parse_untrusted(*body);
  if (document.is_discarded()) return base::fail("the response to " + request.path + " is not JSON; is that a Belfry gateway?");
  return document;
}

}  // namespace belfry::cli
