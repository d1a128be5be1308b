#include "app/admin_client.hpp"

#include <algorithm>
#include <future>

#include "net/http_client.hpp"

namespace belfry::app {
namespace {

constexpr std::string_view kUnix = "unix:";

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
  if (response.status != 200 && response.status != 422)
    return base::fail("the gateway at " + address + " answered " + std::to_string(response.status) + ": " +
                      response.body.substr(0, response.body.find('\n')));
  return response.body;
}

}  // namespace

base::Result<std::string> ask_gateway_text(const config::AdminSettings& admin, const AdminRequest& request) {
  auto addresses = admin.listen;
  if (addresses.empty())
    return base::fail("admin.listen is not configured, so the gateway cannot be asked; set it to unix:/run/belfry/admin.sock");
  std::stable_partition(addresses.begin(), addresses.end(), [](const auto& address) { return address.starts_with(kUnix); });

  const base::Logger log(base::LogLevel::error, std::make_shared<base::Scrubber>());
  net::Runtime runtime("cli", 1, log);
  auto client = net::make_http_client(runtime, {});
  if (!client) return std::unexpected(client.error());

  bool answered = false;
  std::string failures;
  for (const auto& address : addresses) {
    const auto promise = std::make_shared<std::promise<std::expected<net::ClientResponse, net::ClientError>>>();
    auto answer = promise->get_future();
    (*client)->send(request_for(admin, address, request), [promise](auto response) { promise->set_value(std::move(response)); });
    const auto response = answer.get();
    auto body = response ? body_of(*response, address) : Answer(base::fail(address + ": " + response.error().detail));
    if (body) return body;
    answered = answered || response.has_value();
    failures += (failures.empty() ? "" : "; ") + body.error().message;
  }
  if (answered) return base::fail(failures);
  return base::fail(base::ErrorCode::unavailable, "no gateway answers (" + failures + "); is it running, and with this configuration?");
}

base::Result<nlohmann::json> ask_gateway(const config::AdminSettings& admin, const AdminRequest& request) {
  const auto body = ask_gateway_text(admin, request);
  if (!body) return std::unexpected(body.error());
  auto document = nlohmann::json::parse(*body, nullptr, false);
  if (document.is_discarded()) return base::fail("the answer to " + request.path + " is not JSON; is that a Belfry gateway?");
  return document;
}

}  // namespace belfry::app
