// http-client/1.
#include "plugin/abi.hpp"
#include "plugin/http_args.hpp"
#include "plugin/message_view.hpp"
#include "plugin/services.hpp"
#include "plugin/shielded.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kLargestResponse = 16UL * 1024 * 1024;
constexpr base::Millis kUsualTimeout{10'000};
constexpr base::Millis kTimeToTell{200};  // what became of the request, before the ticket's own time is over

// The table of an answer together with what it points to.
struct Answer {
  explicit Answer(std::expected<net::ClientResponse, net::ClientError> got) : result(std::move(got)) {
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
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  std::expected<net::ClientResponse, net::ClientError> result;
  std::vector<belfry_http_header> headers;
  belfry_http_result table{};
};

void give_answer(PluginInstance& instance, Ticket ticket, std::expected<net::ClientResponse, net::ClientError> got) {
  const auto answer = std::make_shared<Answer>(std::move(got));
  instance.answer(ticket, BELFRY_EVENT_HTTP, std::shared_ptr<const void>(answer, &answer->table));
}

// What the plugin asked for, or what is wrong with it.
std::expected<net::ClientRequest, std::string> read_request(PluginInstance& instance, const belfry_http_request& asked) {
  net::ClientRequest request;
  request.method = view(asked.method);
  if (!is_http_token(request.method)) return std::unexpected("the method is not an HTTP method");
  request.url = view(asked.url);
  auto headers = read_headers(asked.headers, asked.header_count);
  if (!headers) return std::unexpected(std::move(headers.error()));
  request.headers = std::move(*headers);
  request.body = view(asked.body);
  request.max_response =
      asked.max_response_bytes == 0 ? request.max_response : std::min<std::size_t>(asked.max_response_bytes, kLargestResponse);
  request.timeout = base::Millis(asked.timeout_ms);
  if (asked.timeout_ms == 0) {
    const auto deadline = instance.tickets().deadline_of(asked.on_behalf_of);
    const auto left = deadline ? *deadline - instance.parts().clock.now() : kUsualTimeout;
    request.timeout = std::max(deadline ? left - std::min(kTimeToTell, left / 10) : left, base::Millis(1));
  }
  return request;
}

// Neither the path nor a header or body: any of them may be a secret.
class LoggedRequest {
 public:
  LoggedRequest(const PluginInstance& instance, const net::ClientRequest& request)
      : method_(request.method), host_(net::host_of(request.url)), sent_at_(instance.parts().clock.steady()) {}

  void ended(const PluginInstance& instance, const std::expected<net::ClientResponse, net::ClientError>& got) const {
    const auto took = std::chrono::duration_cast<base::Millis>(instance.parts().clock.steady() - sent_at_);
    if (got) {
      instance.log().debug("HTTP request", {{"sink", instance.sink()},
                                            {"method", method_},
                                            {"host", host_},
                                            {"status", got->status},
                                            {"took", took},
                                            {"bytes", got->body.size()}});
    } else {
      instance.log().debug("HTTP request failed", {{"sink", instance.sink()},
                                                   {"method", method_},
                                                   {"host", host_},
                                                   {"error", net::to_string(got.error().kind)},
                                                   {"detail", got.error().detail},
                                                   {"took", took}});
    }
  }

 private:
  std::string method_;
  std::string host_;
  base::SteadyTime sent_at_;
};

belfry_ticket send(void* ctx, const belfry_http_request* request) noexcept {
  return shielded(ctx, [&](PluginInstance& instance) -> belfry_ticket {
    const belfry_http_request asked = request == nullptr ? belfry_http_request{} : copy_of(request);
    const auto opened = instance.open_request(asked.on_behalf_of);
    if (opened.ticket == 0 || opened.dead) return opened.ticket;
    auto wanted = read_request(instance, asked);
    if (!wanted) {
      instance.violation("bad_argument", "http: " + wanted.error());
      give_answer(instance, opened.ticket, std::unexpected(net::ClientError{net::ClientError::Kind::invalid_url, false, wanted.error()}));
      return opened.ticket;
    }
    auto logged =
        instance.log().logs(base::LogLevel::debug) ? std::optional<LoggedRequest>(std::in_place, instance, *wanted) : std::nullopt;
    auto handler = [self = instance.shared_from_this(), ticket = opened.ticket,
                    logged = std::move(logged)](std::expected<net::ClientResponse, net::ClientError> got) {
      if (logged) logged->ended(*self, got);
      give_answer(*self, ticket, std::move(got));
    };
    const auto http = instance.parts().http;
    const auto id = http->send(std::move(*wanted), std::move(handler));
    instance.set_cancel(opened.ticket, [http, id] { http->cancel(id); });
    return opened.ticket;
  });
}

void cancel(void* ctx, belfry_ticket ticket) noexcept {
  shielded(ctx, [&](PluginInstance& instance) { instance.cancel_request(ticket); });
}

}  // namespace

const belfry_http_client kHttpClientService{sizeof(belfry_http_client), 0, send, cancel};

}  // namespace belfry::plugin
