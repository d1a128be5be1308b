#include "delivery/planner.hpp"

#include <algorithm>

#include "base/ids.hpp"

namespace belfry::delivery {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string clock_time(model::MinuteOfDay minute) {
  const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return two(minute / 60) + ":" + two(minute % 60);
}

std::string zone_in_words(const model::ZoneRule& zone) {
  return zone.recipient ? "the recipient's time zone, else " + zone.name : zone.name;
}

std::string in_words(const model::Timing& timing) {
  std::string out;
  const auto add = [&](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  if (const auto& quiet = timing.quiet_hours)
    add("quiet from " + clock_time(quiet->from) + " to " + clock_time(quiet->to) + " (" + zone_in_words(quiet->zone) + ")");
  if (const auto& digest = timing.digest; digest && digest->window) {
    add("collected for " + base::to_string(*digest->window));
  } else if (digest) {
    std::string times;
    for (const int minute : digest->at) times += (times.empty() ? "" : ", ") + clock_time(minute);
    add("collected until " + times + " (" + zone_in_words(digest->zone) + ")");
  }
  if (const auto& throttle = timing.throttle)
    add("at most " + std::to_string(throttle->max_messages) + " within " + base::to_string(throttle->window) + ", the rest in one message");
  return out;
}

// "2026-01-16T06:00:00.000Z (2026-01-16 07:00 in Europe/Berlin)": quiet hours end at a full minute. Readers get the first time in
// their own zone.
std::string in_words(base::Timestamp time, const base::TimeZone& zone) {
  const auto clock = zone.clock(time);
  return base::to_rfc3339(time) + " (" + zone.date(time) + " " + clock.substr(0, clock.rfind(':')) + " in " + zone.name() + ")";
}

// policy::due() takes and returns wall clock time; the result is converted back to gateway time.
policy::Due due_at(const model::Timing& timing, const policy::Zones& zones, bool quiet_hours_hold, std::optional<base::Timestamp> ends_at,
                   base::Timestamp now, base::Millis wall_offset) {
  if (ends_at) *ends_at += wall_offset;
  auto due = policy::due(timing, zones, quiet_hours_hold, ends_at, now + wall_offset);
  due.at -= wall_offset;
  if (due.digest) *due.digest -= wall_offset;
  if (due.overflow) *due.overflow -= wall_offset;
  return due;
}

// Two routes may use the same key for one recipient.
std::string scoped(const std::string& route, const std::string& key) { return route + '\x1f' + key; }

}  // namespace

base::Result<Planner> Planner::compile(model::PipelineRules rules, const std::map<std::string, SinkTraits>& sinks) {
  Planner out;
  auto processors = route::Processors::compile(std::move(rules.processors));
  if (!processors) return std::unexpected(processors.error());
  out.processors_ = std::move(*processors);
  std::map<std::string, model::SinkAddressing> addressing;
  for (const auto& [name, sink] : sinks) {
    addressing[name] = sink.addressing;
    out.max_age_[name] = sink.max_age;
  }
  if (auto indexed = out.index_routes(rules.routes); !indexed) return std::unexpected(indexed.error());
  auto tree = route::Tree::compile(std::move(rules.routes), std::move(addressing));
  if (!tree) return std::unexpected(tree.error());
  out.tree_ = std::move(*tree);
  return out;
}

base::Result<void> Planner::index_routes(const std::vector<model::RouteRule>& routes) {
  for (const auto& rule : routes) {
    RouteZones zones;
    const auto find = [](const model::ZoneRule& zone, base::TimeZone& into, bool& recipient_zone) -> base::Result<void> {
      recipient_zone = zone.recipient;
      if (zone.name.empty()) return {};
      auto found = base::TimeZone::find(zone.name);
      if (!found) return std::unexpected(found.error());
      into = *found;
      return {};
    };
    base::Result<void> found;
    if (rule.timing.quiet_hours) found = find(rule.timing.quiet_hours->zone, zones.named.quiet_hours, zones.recipient_quiet_hours);
    if (found && rule.timing.digest) found = find(rule.timing.digest->zone, zones.named.digest, zones.recipient_digest);
    if (!found) return std::unexpected(base::with_context(rule.location, found.error()));
    if (!rule.timing.immediate()) zones_[rule.name] = zones;
    if (!rule.timing.immediate()) timings_[rule.name] = in_words(rule.timing);
    uses_recipient_zones_ = uses_recipient_zones_ || zones.recipient_quiet_hours || zones.recipient_digest;
    if (rule.message) {
      auto text = render::MessageTemplate::compile(*rule.message);
      if (!text) return std::unexpected(base::with_context(rule.location + ": message", text.error()));
      texts_[rule.name] = std::move(*text);
    }
    if (auto indexed = index_routes(rule.routes); !indexed) return indexed;
  }
  return {};
}

void Planner::schedule(store::PlannedDelivery& planned, const model::Target& target, const std::optional<base::TimeZone>& recipient_zone,
                       store::Acceptance& out, const model::Notification& notification) const {
  auto& delivery = planned.delivery;
  const auto now = delivery.created_at;
  const auto sink_age = max_age_.at(delivery.sink);
  const auto route_age = std::min(sink_age, target.max_age.value_or(sink_age));
  std::optional<base::Timestamp> ends_at;
  if (notification.max_age) ends_at = notification.received_at + *notification.max_age;
  // The max_age of a held delivery starts when it becomes due.
  const auto expires = [&](base::Timestamp due) {
    const auto at = (due > now ? due : notification.received_at) + route_age;
    return ends_at ? std::min(at, *ends_at) : at;
  };
  delivery.due_at = now;
  delivery.expires_at = expires(now);
  if (!target.timing) return;

  const auto zones = zones_of(delivery, recipient_zone);
  const auto due = due_at(*target.timing, zones, target.quiet_hours_hold, ends_at, now, out.wall_offset);
  delivery.due_at = due.at;
  planned.time_of_day = due.quiet;
  delivery.expires_at = expires(due.at);
  const auto key = scoped(target.route, target.digest_key);
  if (due.digest) {
    const auto window = target.timing->digest->window;
    planned.digest = store::DigestKey{key, *due.digest, expires(*due.digest)};
    planned.digest->time_of_day = !window || *due.digest != now + *window;
  } else if (due.overflow) {
    const auto& throttle = *target.timing->throttle;
    const auto note = "More than " + std::to_string(throttle.max_messages) + " within " + base::to_string(throttle.window) +
                      "; the rest are combined in this message.";
    planned.throttle = store::ThrottleKey{key, throttle.max_messages, throttle.window, {key, *due.overflow, expires(*due.overflow), note}};
    planned.throttle->overflow.time_of_day = *due.overflow != now + throttle.window;
  }
  if (due.quiet) {
    out.decisions.push_back({now, notification.id, "", "held",
                             delivery.sink + " " + delivery.destination.key() + ": quiet hours of route \"" + target.route + "\" until " +
                                 in_words(due.at + out.wall_offset, zones.quiet_hours)});
  }
}

// A shared destination has no recipient whose time zone could count.
bool Planner::uses_recipient_zone(const model::Delivery& delivery) const {
  const auto found = zones_.find(delivery.route);
  if (found == zones_.end() || delivery.destination.audience != model::Audience::direct) return false;
  return found->second.recipient_quiet_hours || found->second.recipient_digest;
}

policy::Zones Planner::zones_of(const model::Delivery& delivery, const std::optional<base::TimeZone>& recipient_zone) const {
  const auto& route = zones_.at(delivery.route);
  auto zones = route.named;
  if (!recipient_zone || !uses_recipient_zone(delivery)) return zones;
  if (route.recipient_quiet_hours) zones.quiet_hours = *recipient_zone;
  if (route.recipient_digest) zones.digest = *recipient_zone;
  return zones;
}

store::Acceptance Planner::plan(model::Notification notification, base::Timestamp now, route::Trace* trace,
                                const std::optional<base::TimeZone>& recipient_zone, base::Millis wall_offset) const {
  store::Acceptance out;
  out.wall_offset = wall_offset;
  const auto processed = processors_.run(notification, trace == nullptr ? nullptr : &trace->processors);
  const auto note = [&](std::string what, std::string detail) {
    out.decisions.push_back({now, notification.id, "", std::move(what), std::move(detail)});
  };
  if (!processed.applied.empty() && !(processed.dropped && processed.applied.size() == 1)) {
    note("processed", "by " + joined(processed.applied));
  }
  if (processed.dropped) {
    if (!processed.dropped->because.empty()) note("matched", processed.dropped->because);
    note("dropped", "processor \"" + processed.dropped->by + "\": " + processed.dropped->reason);
    out.dropped = true;
    out.notification = std::move(notification);
    return out;
  }
  auto decision = tree_->route(notification, trace == nullptr ? nullptr : &trace->routes);
  for (auto& written : decision.notes) note(std::move(written.event), std::move(written.detail));
  for (auto& target : decision.targets) {
    store::PlannedDelivery planned;
    auto& delivery = planned.delivery;
    delivery.id = base::new_id(now);
    delivery.notification_id = notification.id;
    delivery.sink = target.sink;
    delivery.destination = target.destination;
    delivery.overrides = std::move(target.overrides);
    delivery.route = target.route;
    delivery.fallback = std::move(target.fallback);
    delivery.sensitive = notification.sensitive;
    delivery.allow_sensitive = target.allow_sensitive;
    delivery.created_at = now;
    schedule(planned, target, recipient_zone, out, notification);
    if (const auto& dedupe = processed.dedupe) planned.dedupe = store::DedupeKey{dedupe->key, dedupe->window, dedupe->by, dedupe->shown};
    out.deliveries.push_back(std::move(planned));
  }
  out.notification = std::move(notification);
  return out;
}

std::string Planner::describe_timing(const std::string& route) const {
  const auto found = timings_.find(route);
  return found == timings_.end() ? std::string() : found->second;
}

void Planner::apply_template(model::Message& message) const {
  const auto text = texts_.find(message.delivery.route);
  if (text == texts_.end()) return;
  for (auto& item : message.items) text->second.apply(item);
}

}  // namespace belfry::delivery
