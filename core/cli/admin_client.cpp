#include "cli/admin_client.hpp"

#include <algorithm>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <future>
#include <set>

#include "base/file_state.hpp"
#include "config/defaults.hpp"
#include "config/load.hpp"
#include "model/untrusted_json.hpp"
#include "net/client/http_client.hpp"

namespace belfry::cli {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr const char* kUnitSocket = "unix:/run/belfry/admin.sock";

// Why an address returned no result. `final`: no other address is tried, since the gateway has handled the request.
struct CallError {
  base::Error error;
  bool final = false;
};
using Answer = std::expected<std::string, CallError>;

std::string target_of(const AdminRequest& call) {
  auto target = call.path;
  for (const auto& [name, value] : call.query) {
    if (value.empty()) continue;
    target += (target.find('?') == std::string::npos ? "?" : "&") + percent_encoded(name) + "=" + percent_encoded(value);
  }
  return target;
}

net::ClientRequest request_for(const config::AdminSettings& admin, const std::string& address, const AdminRequest& call) {
  net::ClientRequest request;
  request.method = call.method;
  request.timeout = call.timeout;
  request.max_response = 16UL * 1024 * 1024;
  if (address.starts_with(kUnixPrefix)) {
    request.unix_socket = address.substr(kUnixPrefix.size());
    request.url = "http://localhost" + target_of(call);
  } else {
    request.url = "http://" + address + target_of(call);
  }
  if (!admin.token.empty()) request.headers.add("Authorization", "Bearer " + admin.token.reveal());
  if (call.body) {
    request.headers.add("Content-Type", "application/json");
    request.body = call.body->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return request;
}

// The sentence of an {"error": ...}; empty: the body is something else.
std::string error_sentence(const std::string& body) {
  if (!body.starts_with('{')) return {};
  const auto document = model::parse_untrusted(body);
  if (!document.is_object()) return {};
  const auto error = document.find("error");
  return error != document.end() && error->is_string() ? error->get<std::string>() : std::string();
}

base::ErrorCode code_of(int status) {
  if (status == 400 || status == 413) return base::ErrorCode::invalid;
  return status == 404 ? base::ErrorCode::not_found : base::ErrorCode::failed;
}

Answer body_of(const net::ClientResponse& response, const std::string& address, bool with_token) {
  const auto status = response.status;
  if (status >= 200 && status < 300) return response.body;
  const auto error = error_sentence(response.body);
  if (error.empty() && (status == 409 || status == 422)) return response.body;
  if (status == 401) {
    return std::unexpected(CallError{
        {base::ErrorCode::failed, "the gateway at " + address + " refused the admin token; is admin.token the one it was started with?"}});
  }
  const auto what = error.empty() ? response.body.substr(0, response.body.find('\n')) : error;
  // Without a token, the gateway has no API on this address, and another one may have it.
  const bool has_api = with_token || address.starts_with(kUnixPrefix);
  if (has_api && (!error.empty() || code_of(status) == base::ErrorCode::invalid))
    return std::unexpected(CallError{{code_of(status), what}, true});
  return std::unexpected(CallError{{code_of(status), "the gateway at " + address + " answered " + std::to_string(status) + ": " + what}});
}

// Most details already include the address.
std::string connect_error(const std::string& address, const std::string& detail) {
  const auto name = address.substr(address.starts_with(kUnixPrefix) ? kUnixPrefix.size() : 0);
  return detail.find(name) != std::string::npos ? detail : address + ": " + detail;
}

// Calls one address after the other and collects the failures.
class GatewayCaller {
 public:
  GatewayCaller(net::HttpClient& client, const config::AdminSettings& admin) : client_(client), admin_(admin) {}

  std::optional<std::string> try_call(const std::string& address, const AdminRequest& request) {
    const auto promise = std::make_shared<std::promise<std::expected<net::ClientResponse, net::ClientError>>>();
    auto answer = promise->get_future();
    client_.send(request_for(admin_, address, request), [promise](auto response) { promise->set_value(std::move(response)); });
    const auto response = answer.get();
    if (!response) {
      add_failure(connect_error(address, response.error().detail));
      // The gateway may have begun; another address would repeat the request.
      if (request.method != "GET" && response.error().request_sent) unanswered_ = true;
      return std::nullopt;
    }
    auto body = body_of(*response, address, !admin_.token.empty());
    if (body) return *std::move(body);
    answered_ = true;
    auto& failure = body.error();
    if (failure.final) {
      final_ = failure.error;
    } else {
      if (failure.error.code == base::ErrorCode::not_found) code_ = base::ErrorCode::not_found;
      add_failure(failure.error.message);
    }
    return std::nullopt;
  }
  // Whether no further address may be tried.
  [[nodiscard]] bool done() const { return final_.has_value() || unanswered_; }
  void add_failure(const std::string& why) { failures_ += (failures_.empty() ? "" : "; ") + why; }
  // Why no address returned a result.
  [[nodiscard]] base::Error error() const {
    if (final_) return *final_;
    if (failures_.empty()) return {base::ErrorCode::unavailable, "no gateway answers: none of its sockets exists; is it running?"};
    if (unanswered_) return {base::ErrorCode::failed, "the gateway did not answer, and may have made the change: " + failures_};
    if (answered_) return {code_, failures_};
    return {base::ErrorCode::unavailable, "no gateway answers (" + failures_ + "); is it running, and with this configuration?"};
  }

 private:
  net::HttpClient& client_;
  const config::AdminSettings& admin_;
  bool answered_ = false;
  bool unanswered_ = false;
  base::ErrorCode code_ = base::ErrorCode::failed;
  std::optional<base::Error> final_;
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

std::string percent_encoded(std::string_view text) { return boost::urls::encode(text, boost::urls::unreserved_chars); }

struct AdminClient::Connection {
  base::Logger log{base::LogLevel::error, std::make_shared<base::Scrubber>()};
  net::Runtime runtime{"cli", 1, log};
  std::unique_ptr<net::HttpClient> http;
  std::set<std::string> verified;  // addresses of gateways with the right configuration file
};

AdminClient::AdminClient(GatewayAddresses gateway) : gateway_(std::move(gateway)) {}
AdminClient::~AdminClient() = default;

base::Result<std::string> AdminClient::call_text(const AdminRequest& request) {
  if (!connection_) {
    auto connection = std::make_unique<Connection>();
    auto client = net::make_http_client(connection->runtime, {});
    if (!client) return std::unexpected(client.error());
    connection->http = std::move(*client);
    connection_ = std::move(connection);
  }
  GatewayCaller caller(*connection_->http, gateway_.admin);
  for (const auto& [address, any_gateway] : endpoints(gateway_)) {
    if (!any_gateway && !gateway_.file.empty() && !connection_->verified.contains(address)) {
      const auto status = caller.try_call(address, {.path = "/api/v1/status", .timeout = request.timeout});
      if (!status) continue;
      if (const auto other = gateway_mismatch(*status, address, gateway_.file); !other.empty()) {
        caller.add_failure(other);
        continue;
      }
      connection_->verified.insert(address);
    }
    if (auto answer = caller.try_call(address, request)) return *std::move(answer);
    if (caller.done()) return std::unexpected(caller.error());
  }
  if (const auto& socket = gateway_.admin.default_socket; !socket.empty() && base::state_of(socket.substr(kUnixPrefix.size())).absent())
    caller.add_failure(socket + " does not exist");
  return std::unexpected(caller.error());
}

base::Result<nlohmann::json> AdminClient::call(const AdminRequest& request) {
  const auto body = call_text(request);
  if (!body) return std::unexpected(body.error());
  auto document = model::parse_untrusted(*body);
  if (document.is_discarded()) return base::fail("the response to " + request.path + " is not JSON; is that a Belfry gateway?");
  return document;
}

base::Result<std::string> call_gateway_text(const GatewayAddresses& gateway, const AdminRequest& request) {
  return AdminClient(gateway).call_text(request);
}

base::Result<nlohmann::json> call_gateway(const GatewayAddresses& gateway, const AdminRequest& request) {
  return AdminClient(gateway).call(request);
}

}  // namespace belfry::cli
