#include "app/admin_client.hpp"

#include <algorithm>
#include <future>

#include "app/configuration.hpp"
#include "base/file_state.hpp"
#include "model/untrusted_json.hpp"
#include "net/http_client.hpp"

namespace belfry::app {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr const char* kSocketOfUnit = "unix:/run/belfry/admin.sock";

using Answer = base::Result<std::string>;

net::ClientRequest request_for(const config::AdminSettings& admin, const std::string& address, const AdminRequest& asked) {
  net::ClientRequest request;
  request.method = asked.method;
  request.timeout = asked.timeout;
  request.max_response = 16UL * 1024 * 1024;
  if (address.starts_with(kUnix)) {
    request.unix_socket = address.substr(kUnix.size());
    request.url = "http://localhost" + asked.path;
  } else {
    request.url = "http://" + address + asked.path;
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

// The detail names most addresses by itself.
std::string no_answer(const std::string& address, const std::string& detail) {
  const auto name = address.substr(address.starts_with(kUnix) ? kUnix.size() : 0);
  return detail.find(name) != std::string::npos ? detail : address + ": " + detail;
}

// Asks one address after the other and keeps what they answered.
class Asking {
 public:
  explicit Asking(std::unique_ptr<net::HttpClient> client, const config::AdminSettings& admin)
      : client_(std::move(client)), admin_(admin) {}

  std::optional<std::string> ask(const std::string& address, const AdminRequest& request) {
    const auto promise = std::make_shared<std::promise<std::expected<net::ClientResponse, net::ClientError>>>();
    auto answer = promise->get_future();
    client_->send(request_for(admin_, address, request), [promise](auto response) { promise->set_value(std::move(response)); });
    const auto response = answer.get();
    auto body = response ? body_of(*response, address) : Answer(base::fail(no_answer(address, response.error().detail)));
    if (body) return *std::move(body);
    answered_ = answered_ || response.has_value();
    if (body.error().code == base::ErrorCode::not_found) code_ = base::ErrorCode::not_found;
    failed(body.error().message);
    return std::nullopt;
  }
  void failed(const std::string& why) { failures_ += (failures_.empty() ? "" : "; ") + why; }
  // Why nobody gave what was asked for.
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
  // Where this user may not look there are only the names.
  const auto name = [](const std::filesystem::path& path) {
    std::error_code denied;
    const auto canonical = std::filesystem::weakly_canonical(path, denied);
    return denied ? std::filesystem::absolute(path).lexically_normal() : canonical;
  };
  return name(one) == name(other);
}

// Why the gateway behind that socket is not the one that is meant; empty: it is, or it is too old to say.
std::string other_gateway(const std::string& status, const std::string& address, const std::filesystem::path& wanted) {
  const auto document = model::parse_untrusted(status);
  if (!document.is_object() || !document.contains("configuration")) return {};
  const auto& file = document.at("configuration");
  if (!file.is_string()) return "at " + address + " is a gateway that has no configuration file";
  if (same_file(file.get<std::string>(), wanted)) return {};
  return "at " + address + " is the gateway of " + file.get<std::string>() + "; name that file with --config to ask it";
}

struct Endpoint {
  std::string address;
  bool any_gateway = true;  // whichever is there is meant
};

// Unix sockets first. A socket of which only its place is known comes into question when there is a file.
std::vector<Endpoint> candidates(const GatewayAddresses& gateway) {
  std::vector<Endpoint> out;
  const auto add = [&](const std::string& address, bool any_gateway) {
    if (std::ranges::find(out, address, &Endpoint::address) == out.end()) out.push_back({address, any_gateway});
  };
  const auto& admin = gateway.admin;
  for (const auto& address : admin.listen)
    if (address.starts_with(kUnix) && address != admin.default_socket) add(address, true);
  const auto add_sockets = [&] {
    for (const auto& socket : gateway.sockets)
      if (!base::state_of(socket.substr(kUnix.size())).absent()) add(socket, false);
  };
  if (!admin.default_socket.empty()) add_sockets();
  for (const auto& address : admin.listen)
    if (!address.starts_with(kUnix)) add(address, true);
  add_sockets();
  return out;
}

}  // namespace

GatewayAddresses gateway_addresses(const CommonOptions& common, const config::Loaded& loaded) {
  GatewayAddresses out{loaded.admin, {}, configuration_file(common)};
  if (const auto socket = config::default_admin_socket(process_environment())) out.sockets.push_back(std::string(kUnix) + socket->string());
  out.sockets.emplace_back(kSocketOfUnit);
  return out;
}

base::Result<std::string> ask_gateway_text(const GatewayAddresses& gateway, const AdminRequest& request) {
  const base::Logger log(base::LogLevel::error, std::make_shared<base::Scrubber>());
  net::Runtime runtime("cli", 1, log);
  auto client = net::make_http_client(runtime, {});
  if (!client) return std::unexpected(client.error());

  Asking asking(std::move(*client), gateway.admin);
  for (const auto& [address, any_gateway] : candidates(gateway)) {
    if (!any_gateway && !gateway.file.empty()) {
      const auto status = asking.ask(address, {.path = "/api/v1/status"});
      if (!status) continue;
      if (const auto other = other_gateway(*status, address, gateway.file); !other.empty()) {
        asking.failed(other);
        continue;
      }
    }
    if (auto answer = asking.ask(address, request)) return *std::move(answer);
  }
  if (const auto& socket = gateway.admin.default_socket; !socket.empty() && base::state_of(socket.substr(kUnix.size())).absent())
    asking.failed(socket + " does not exist");
  return std::unexpected(asking.error());
}

base::Result<nlohmann::json> ask_gateway(const GatewayAddresses& gateway, const AdminRequest& request) {
  const auto body = ask_gateway_text(gateway, request);
  if (!body) return std::unexpected(body.error());
  auto document = model::parse_untrusted(*body);
  if (document.is_discarded()) return base::fail("the answer to " + request.path + " is not JSON; is that a Belfry gateway?");
  return document;
}

}  // namespace belfry::app
