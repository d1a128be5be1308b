// http-client/1.
#include "plugin/contract/abi.hpp"
#include "plugin/contract/http_args.hpp"
#include "plugin/contract/message_view.hpp"
#include "plugin/run/abi_entry.hpp"
#include "plugin/run/services.hpp"

namespace belfry::plugin {
namespace {

constexpr base::Millis kDefaultTimeout{10'000};
constexpr base::Millis kReplyMargin{200};  // left for the plugin to report the result before the ticket's own deadline

// A result table together with the data that it points to.
struct HttpResult {
  explicit HttpResult(std::expected<net::ClientResponse, net::ClientError> got) : result(std::move(got)) {
    table.size = sizeof(belfry_http_result);
    if (result) {
      headers = header_tables(result->headers);
      table.status = static_cast<std::uint32_t>(result->status);
      table.headers = headers.data();
      table.header_count = static_cast<std::uint32_t>(headers.size());
      table.body = str(result->body);
    } else {
      table.error = http_error_code(result.error().kind);
      table.flags = result.error().request_sent ? BELFRY_HTTP_REQUEST_SENT : 0U;
      table.error_text = str(result.error().detail);
    }
  }
  HttpResult(const HttpResult&) = delete;
  HttpResult& operator=(const HttpResult&) = delete;

  std::expected<net::ClientResponse, net::ClientError> result;
  std::vector<belfry_http_header> headers;
  belfry_http_result table{};
};

void post_result(PluginInstance& instance, Ticket ticket, std::expected<net::ClientResponse, net::ClientError> got) {
  const auto answer = std::make_shared<HttpResult>(std::move(got));
  instance.complete_request(ticket, BELFRY_EVENT_HTTP, std::shared_ptr<const void>(answer, &answer->table));
}

// Converts the plugin's request. The error is one sentence.
std::expected<net::ClientRequest, std::string> read_request(PluginInstance& instance, const belfry_http_request& table) {
  net::ClientRequest request;
  request.method = view(table.method);
  if (!is_http_token(request.method)) return std::unexpected("the method is not an HTTP method");
  request.url = view(table.url);
  auto headers = read_headers(table.headers, table.header_count);
  if (!headers) return std::unexpected(std::move(headers.error()));
  request.headers = std::move(*headers);
  request.body = view(table.body);
  if (table.max_response_bytes > BELFRY_MAX_HTTP_RESPONSE_BYTES)
    instance.log().violation("bad_argument", "http: max_response_bytes is over 16 MiB");
  if (table.max_response_bytes != 0) request.max_response = std::min<std::size_t>(table.max_response_bytes, BELFRY_MAX_HTTP_RESPONSE_BYTES);
  request.timeout = base::Millis(table.timeout_ms);
  if (table.timeout_ms == 0) {
    const auto deadline = instance.tickets().deadline_of(table.on_behalf_of);
    const auto left = deadline ? std::chrono::duration_cast<base::Millis>(*deadline - instance.parts().clock.steady()) : kDefaultTimeout;
    request.timeout = std::max(deadline ? left - std::min(kReplyMargin, left / 10) : left, base::Millis(1));
  }
  return request;
}

// Logs neither the path nor headers or bodies: any of them may contain a secret.
class LoggedRequest {
 public:
  // `delivery`: the one that the request is for; empty: none.
  LoggedRequest(PluginInstance& instance, const net::ClientRequest& request, const std::string& delivery)
      : log_(instance.log().logger().with({{"sink", instance.sink()}})),
        method_(request.method),
        host_(net::host_of(request.url)),
        sent_at_(instance.parts().clock.steady()) {
    if (!delivery.empty()) log_ = log_.with({{"delivery", delivery}});
  }

  void ended(PluginInstance& instance, const std::expected<net::ClientResponse, net::ClientError>& got) const {
    const auto took = std::chrono::duration_cast<base::Millis>(instance.parts().clock.steady() - sent_at_);
    if (got) {
      log_.debug("HTTP request",
                 {{"method", method_}, {"host", host_}, {"status", got->status}, {"took", took}, {"bytes", got->body.size()}});
    } else {
      log_.debug("HTTP request failed", {{"method", method_},
                                         {"host", host_},
                                         {"error", net::to_string(got.error().kind)},
                                         {"detail", got.error().detail},
                                         {"took", took}});
    }
  }

 private:
  base::Logger log_;
  std::string method_;
  std::string host_;
  base::SteadyTime sent_at_;
};

belfry_ticket send(void* ctx, const belfry_http_request* request) noexcept {
  return served(ctx, BELFRY_HOST_HTTP_CLIENT_1, belfry_ticket{0}, [&](PluginInstance& instance) -> belfry_ticket {
    const belfry_http_request table = request == nullptr ? belfry_http_request{} : copy_of(request);
    const auto opened = instance.open_request(table.on_behalf_of, table.user_data);
    if (opened.ticket == 0 || opened.dead) return opened.ticket;
    auto wanted = read_request(instance, table);
    if (!wanted) {
      instance.log().violation("bad_argument", "http: " + wanted.error());
      post_result(instance, opened.ticket, std::unexpected(net::ClientError{net::ClientError::Kind::invalid_url, false, wanted.error()}));
      return opened.ticket;
    }
    std::optional<LoggedRequest> logged;
    if (instance.log().logger().enabled(base::LogLevel::debug))
      logged.emplace(instance, *wanted, instance.tickets().delivery_of(table.on_behalf_of));
    auto handler = [self = instance.shared_from_this(), ticket = opened.ticket,
                    logged = std::move(logged)](std::expected<net::ClientResponse, net::ClientError> got) {
      if (logged) logged->ended(*self, got);
      post_result(*self, ticket, std::move(got));
    };
    const auto http = instance.parts().http;
    const auto id = http->send(std::move(*wanted), std::move(handler));
    instance.set_cancel(opened.ticket, [http, id] { http->cancel(id); });
    return opened.ticket;
  });
}

}  // namespace

const belfry_host_http_client kHttpClientService{sizeof(belfry_host_http_client), 0, send};

}  // namespace belfry::plugin
