#include "app/operators/inspection.hpp"

#include <algorithm>
#include <set>

#include "app/observe/status.hpp"
#include "app/operators/histories.hpp"
#include "app/operators/test_notification.hpp"
#include "app/operators/wall_time.hpp"
#include "base/gateway_clock.hpp"
#include "route/addressing.hpp"
#include "why/explanation.hpp"
#include "why/quoting.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kMaxMatches = 20;
constexpr std::size_t kMaxCountedPages = 100;  // of PageRequest::kMaxLimit deliveries

// Passes a result of the store to `use` on the runtime, and an error to the handler.
template <class T, class Out, class Use>
store::Handler<T> on_runtime(const OperatorServices& services, store::Handler<Out> handler, Use use) {
  return [&runtime = services.runtime, handler = std::move(handler), use = std::move(use)](base::Result<T> result) mutable {
    if (!result) return handler(std::unexpected(std::move(result.error())));
    runtime.post([result = std::move(result), handler = std::move(handler), use = std::move(use)]() mutable {
      use(*std::move(result), std::move(handler));
    });
  };
}

// Why a sink does not send, in the form of why::Context::sinks; empty: it sends.
std::string sink_clause(const delivery::LaneStatus& lane, base::Millis ahead, const base::TimeZone& zone) {
  using enum delivery::LaneState;
  const auto with_reason = [&](const std::string& state) {
    return "is " + state + (lane.reason.empty() ? "" : " (" + lane.reason + ")") + (lane.detail.empty() ? "" : ": " + lane.detail);
  };
  switch (lane.state) {
    case open: return {};
    case paused: {
      const auto until = lane.until ? *lane.until + ahead : base::Timestamp{};
      return with_reason("paused" + (lane.until ? " until " + zone.date(until) + " " + zone.clock(until) + " " + zone.abbreviation(until)
                                                : std::string()));
    }
    case orphaned: return "is not in the configuration; add it again to resume its deliveries";
    default: return with_reason(std::string(to_string(lane.state)));
  }
}

why::Context why_context(const OperatorServices& services) {
  why::Context context;
  context.now = services.clock.now();
  context.wall_offset = base::wall_offset(services.clock);
  for (const auto& lane : with_orphans(services.dispatcher.status(), services.store.stats(context.now)))
    if (auto clause = sink_clause(lane, context.wall_offset, context.zone); !clause.empty()) context.sinks[lane.sink] = std::move(clause);
  return context;
}

// The same states as in a listing, from what the history has of the delivery and its queue.
store::ListedState listed_state(const model::Delivery& delivery, const store::History& history, base::Timestamp now) {
  using enum store::ListedState;
  if (delivery.dead_letter) return dead;
  switch (delivery.state) {
    case model::DeliveryState::in_flight: return in_flight;
    case model::DeliveryState::delivered: return delivered;
    case model::DeliveryState::rejected: return rejected;
    case model::DeliveryState::expired: return expired;
    case model::DeliveryState::discarded: return discarded;
    case model::DeliveryState::waiting: break;
  }
  if (delivery.due_at > now) return delivery.attempts > 0 ? backoff : held;
  const auto queue = std::ranges::find(history.queues, delivery.id, &store::QueuePosition::delivery_id);
  return queue != history.queues.end() && queue->paused_until > now ? held : waiting;
}

api::ShownNotification shown(store::History history, const why::Context& context) {
  api::ShownNotification out;
  out.explanation = why::explain(history, context);
  std::vector<store::ListedState> states;
  for (const auto& delivery : history.deliveries) states.push_back(listed_state(delivery, history, context.now));
  shift_to_wall(history, context.wall_offset);
  const auto& notification = history.notification;
  const auto email = route::normalized_email(notification.recipient.email);
  for (std::size_t i = 0; i < states.size(); ++i)
    out.deliveries.push_back(
        {std::move(history.deliveries[i]), states[i], notification.name, email, notification.source, notification.msg_id});
  out.erased = notification.sensitive && notification.title.empty();
  out.attempts = std::move(history.attempts);
  out.decisions = std::move(history.decisions);
  out.notification = std::move(history.notification);
  return out;
}

api::Explanation explanation(const store::History& history, const why::Context& context) {
  const auto& notification = history.notification;
  return {notification.id,   notification.source,           notification.msg_id, notification.received_at + context.wall_offset,
          notification.name, why::explain(history, context)};
}

std::string no_such_id(const OperatorServices& services, const std::string& id) {
  return "No delivery, notification or msg_id " + why::quoted(id, why::kMaxName) +
         " is in the store. Finished notifications are kept for " + base::to_string(services.live.get()->settings.store.retention) + ".";
}

void answer_why(const OperatorServices& services, const api::WhyQuery& query, std::vector<std::string> ids,
                std::vector<store::SourceHeard> heard, store::Handler<api::WhyAnswer> handler) {
  const bool more = ids.size() > api::WhyAnswer::kMaxExplanations;
  if (more) ids.resize(api::WhyAnswer::kMaxExplanations);
  read_histories(services.store, std::move(ids),
                 on_runtime<std::vector<store::History>>(
                     services, std::move(handler),
                     [services, query, more, heard = std::move(heard)](const std::vector<store::History>& histories, auto answer) mutable {
                       const auto context = why_context(services);
                       api::WhyAnswer out{.more = more};
                       for (const auto& history : histories) out.explanations.push_back(explanation(history, context));
                       if (histories.empty())
                         out.text = query.id.empty() ? why::nothing_arrived(query.to, query.since - context.wall_offset, heard, context)
                                                     : no_such_id(services, query.id);
                       for (auto& source : heard) source.at += context.wall_offset;
                       out.heard = std::move(heard);
                       answer(std::move(out));
                     }));
}

struct Counting {
  OperatorServices services;
  store::Filter filter;
  store::Handler<api::BulkCount> handler;
  api::BulkCount counted = {};
  store::PageRequest page = {.limit = store::PageRequest::kMaxLimit};
  std::size_t pages = 0;
};

void count_page(const std::shared_ptr<Counting>& counting) {
  auto& store = counting->services.store;
  store.list(counting->filter, counting->page, counting->services.clock.now(), [counting](base::Result<store::DeliveryPage> found) {
    if (!found) return counting->handler(std::unexpected(std::move(found.error())));
    counting->counted.count += found->deliveries.size();
    counting->page.before = found->next;
    counting->counted.complete = found->next == 0;
    if (found->next == 0 || ++counting->pages == kMaxCountedPages) return counting->handler(counting->counted);
    count_page(counting);
  });
}

store::Filter to_gateway_time(store::Filter filter, const base::Clock& clock) {
  if (filter.since) filter.since = base::from_wall(clock, *filter.since);
  filter.email = route::normalized_email(std::move(filter.email));
  return filter;
}

}  // namespace

std::vector<std::string> known_sinks(const OperatorServices& services) {
  std::set<std::string> names;
  for (const auto& [name, sink] : services.live.get()->sinks) names.insert(name);
  for (const auto& [name, figures] : services.store.stats(services.clock.now()).sinks) names.insert(name);
  return {names.begin(), names.end()};
}

void list_deliveries(const OperatorServices& services, store::Filter filter, store::PageRequest page,
                     store::Handler<store::DeliveryPage> handler) {
  services.store.list(to_gateway_time(std::move(filter), services.clock), page, services.clock.now(),
                      on_runtime<store::DeliveryPage>(services, std::move(handler),
                                                      [ahead = base::wall_offset(services.clock)](store::DeliveryPage found, auto answer) {
                                                        for (auto& listed : found.deliveries) shift_to_wall(listed.delivery, ahead);
                                                        answer(std::move(found));
                                                      }));
}

void count_deliveries(const OperatorServices& services, store::Filter filter, store::Handler<api::BulkCount> handler) {
  count_page(std::make_shared<Counting>(Counting{services, to_gateway_time(std::move(filter), services.clock), std::move(handler)}));
}

void show(const OperatorServices& services, std::string id, store::Handler<std::vector<api::ShownNotification>> handler) {
  auto read = [services, id, handler = std::move(handler)](base::Result<std::vector<std::string>> ids) mutable {
    if (!ids) return handler(std::unexpected(std::move(ids.error())));
    if (ids->empty()) return handler(base::fail(base::ErrorCode::not_found, no_such_id(services, id)));
    if (ids->size() > kMaxMatches) ids->resize(kMaxMatches);
    read_histories(services.store, *std::move(ids),
                   on_runtime<std::vector<store::History>>(services, std::move(handler),
                                                           [services](std::vector<store::History> histories, auto answer) {
                                                             const auto context = why_context(services);
                                                             std::vector<api::ShownNotification> all;
                                                             for (auto& history : histories)
                                                               all.push_back(shown(std::move(history), context));
                                                             answer(std::move(all));
                                                           }));
  };
  services.store.resolve(std::move(id), std::move(read));
}

void explain(const OperatorServices& services, api::WhyQuery query, store::Handler<api::WhyAnswer> handler) {
  auto& store = services.store;
  auto with_sources = [services, query, handler = std::move(handler)](base::Result<std::vector<store::SourceHeard>> heard) mutable {
    if (!heard) return handler(std::unexpected(std::move(heard.error())));
    std::erase_if(*heard, [](const auto& source) { return source.source == kOwnSource; });
    auto answer = [services, query, heard = *std::move(heard),
                   handler = std::move(handler)](base::Result<std::vector<std::string>> ids) mutable {
      if (!ids) return handler(std::unexpected(std::move(ids.error())));
      answer_why(services, query, *std::move(ids), std::move(heard), std::move(handler));
    };
    if (!query.id.empty()) return services.store.resolve(query.id, std::move(answer));
    services.store.notifications_for(route::normalized_email(query.to), base::from_wall(services.clock, query.since),
                                     api::WhyAnswer::kMaxExplanations + 1, std::move(answer));
  };
  store.sources_heard(std::move(with_sources));
}

void list_actions(const OperatorServices& services, std::int64_t before, std::size_t limit,
                  store::Handler<std::vector<store::OperatorAction>> handler) {
  services.store.list_audit(before, limit,
                            on_runtime<std::vector<store::OperatorAction>>(
                                services, std::move(handler),
                                [ahead = base::wall_offset(services.clock)](std::vector<store::OperatorAction> actions, auto answer) {
                                  for (auto& action : actions) action.at += ahead;
                                  answer(std::move(actions));
                                }));
}

}  // namespace belfry::app
