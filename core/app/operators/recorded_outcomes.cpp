#include "app/operators/recorded_outcomes.hpp"

#include <filesystem>

#include "base/gateway_clock.hpp"
#include "dryrun/planned_outcome.hpp"
#include "model/codec.hpp"
#include "model/original.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kPageSize = 500;

// A notification that cannot be read has no outcome; the command counts it.
std::string line_of(const std::string& text, const delivery::Planner& planner, base::Millis ahead) {
  auto notification = model::decode_notification(text);
  if (!notification) return "{}";
  notification->received_at += ahead;
  const auto outcome = dryrun::planned_outcome(planner, model::restore_original(*notification));
  const auto dumped = dryrun::document_of(outcome).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return R"({"notification":)" + model::encode(*notification) + R"(,"outcome":)" + dumped + "}";
}

}  // namespace

void recorded_outcomes(const OperatorServices& services, const api::RecordedQuery& query, store::Handler<api::RecordedOutcomes> handler) {
  const auto ahead = base::wall_offset(services.clock);
  auto read = [services, ahead, handler = std::move(handler)](base::Result<store::NotificationPage> page) mutable {
    if (!page) return handler(std::unexpected(std::move(page.error())));
    services.runtime.post([services, ahead, page = *std::move(page), handler = std::move(handler)]() mutable {
      const auto live = services.live.get();
      const auto& file = live->settings.file;
      api::RecordedOutcomes out{.sensitive = page.sensitive,
                                .next = page.next,
                                .configuration = file.empty() ? file : std::filesystem::absolute(file).lexically_normal().string(),
                                .fingerprint = live->settings.fingerprint};
      for (const auto& text : page.notifications) out.lines.push_back(line_of(text, *live->planner, ahead));
      handler(std::move(out));
    });
  };
  services.store.list_notifications(query.since - ahead, query.cursor, kPageSize, std::move(read));
}

}  // namespace belfry::app
