// How an instance comes to life, step by step, and render: the calls that somebody waits for.
#include <algorithm>
#include <condition_variable>

#include "base/gateway_clock.hpp"
#include "model/untrusted_json.hpp"
#include "plugin/abi.hpp"
#include "plugin/handshake.hpp"
#include "plugin/library.hpp"
#include "plugin/message_view.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/services.hpp"
#include "plugin/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kLongestSentence = 1000;

// Shared by the one who waits and the step, which may return after nobody waits any more.
class Waiter {
 public:
  void set(base::Result<void> result) {
    const std::lock_guard lock(mutex_);
    result_ = std::move(result);
    changed_.notify_all();
  }
  std::optional<base::Result<void>> wait(base::Millis most, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, most, [&] { return result_.has_value(); });
    return result_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<base::Result<void>> result_;
};

}  // namespace

PluginInstance::PluginInstance(InstanceParts parts, CheckedSink sink)
    : parts_(std::move(parts)),
      sink_(std::move(sink)),
      marked_{parts_.first_ticket, sink_.name, sink_.file.string(), sink_.copy.path.stem().string()},
      log_(parts_.log.named("plugin")),
      strand_(parts_.threads),
      desk_(parts_.net),
      tickets_(parts_.first_ticket) {
  // Both are called by the watch, while the call cannot end.
  watched_.on_slow = [this] {
    if (watched_.limit == parts_.limits.hung) strand_.confine();
  };
  // What is shown of it comes first: giving up the thread can fail for as long as the system has no other.
  watched_.on_overdue = [this] {
    if (!watched_.told_overdue) desk_.post([self = shared_from_this(), name = watched_.what] { self->call_hangs(name); });
    watched_.told_overdue = true;
    parts_.threads->give_up(watched_, code_around(watched_.library));
  };
  host_ = {sizeof(belfry_host), BELFRY_ABI_MINOR, this, find_service, complete_ticket};
}

base::Result<void> PluginInstance::open() {
  auto opened = open_to_check();
  if (!opened) return opened;
  opened = control("start", [this] { return start(); });
  if (!opened) discard();
  return opened;
}

base::Result<void> PluginInstance::open_to_check() {
  alive_ = shared_from_this();
  auto opened = control("create", [this] { return create(); });
  if (opened) opened = control("configure", [this] { return configure(); });
  if (opened) opened = control("extension", [this] { return fetch_extensions(); });
  if (!opened) discard();
  return opened;
}

base::Result<void> PluginInstance::control(std::string_view name, std::function<base::Result<void>()> step) {
  const auto waiter = std::make_shared<Waiter>();
  strand_.post([self = shared_from_this(), waiter, name, step = std::move(step)] {
    base::Result<void> result;
    const bool returned = self->call(name, self->parts_.limits.control, [&] { result = step(); });
    if (!returned) result = base::fail(self->sink_.file.string() + ": threw an exception in " + std::string(name));
    waiter->set(std::move(result));
  });
  if (auto result = waiter->wait(parts_.limits.control, parts_.stop)) return std::move(*result);
  if (parts_.stop.stop_requested()) {
    return base::fail(base::ErrorCode::timeout,
                      sink_.file.string() + ": was given up in " + std::string(name) + ", because the gateway is stopping");
  }
  return base::fail(base::ErrorCode::timeout,
                    sink_.file.string() + ": " + std::string(name) + " did not return within " + base::to_string(parts_.limits.control));
}

base::Result<void> PluginInstance::create() {
  const std::string file = sink_.file.string();
  const auto entry = load_entry(sink_.copy.path, file);
  if (!entry) return std::unexpected(entry.error());
  watched_.library = reinterpret_cast<const void*>(*entry);
  if (parts_.marks != nullptr) parts_.marks->add_code(code_around(reinterpret_cast<const void*>(*entry)), marked_);
  const auto handshake = shake_hands(file, (*entry)());
  if (!handshake) return std::unexpected(handshake.error());
  // By its name: the order was seen by another process, and this code may be another build.
  const auto type = std::ranges::find(handshake->types, sink_.type.type, &PluginType::type);
  if (type == handshake->types.end()) return base::fail(file + ": offers the type \"" + sink_.type.type + "\" no more");
  void* self = nullptr;
  const belfry_instance* table = nullptr;
  if (const int code = handshake->entry.create(type->index, &host_, &self, &table); code != 0) {
    return base::fail(file + ": cannot create an instance (code " + std::to_string(code) + ")");
  }
  const auto checked = check_instance(file, table);
  if (!checked) return std::unexpected(checked.error());
  plugin_ = *checked;
  self_of_plugin_ = self;
  created_ = true;
  return {};
}

base::Result<void> PluginInstance::configure() {
  const Collector lines;
  const std::string config = sink_.config.dump();
  const int code = plugin_.configure(self_of_plugin_, str(config), lines.writer());
  std::string sentence;
  for (const auto& problem : configure_problems(code, lines.text())) {
    if (problem.severity == Problem::Severity::warning) {
      log_.warn("the plugin warns", {{"sink", sink_.name}, {"where", problem.pointer}, {"what", problem.text}});
    } else {
      sentence += (sentence.empty() ? "" : "; ") + (problem.pointer.empty() ? "" : problem.pointer + ": ") + problem.text;
    }
  }
  if (code != 0) return base::fail(base::ErrorCode::invalid, sink_.file.string() + ": refuses its configuration: " + sentence);
  return {};
}

base::Result<void> PluginInstance::fetch_extensions() {
  reconcile_ = extension_table<belfry_reconcile>(plugin_, self_of_plugin_, BELFRY_RECONCILE_1);
  render_ = extension_table<belfry_render>(plugin_, self_of_plugin_, BELFRY_RENDER_1);
  check_online_ = extension_table<belfry_check_online>(plugin_, self_of_plugin_, BELFRY_CHECK_ONLINE_1);
  in_flight_ = extension_table<belfry_in_flight>(plugin_, self_of_plugin_, BELFRY_IN_FLIGHT_1);
  if (in_flight_.most != nullptr) most_in_flight_ = in_flight_.most(self_of_plugin_);
  inbound_ = extension_table<belfry_inbound_http>(plugin_, self_of_plugin_, BELFRY_INBOUND_HTTP_1);
  auto routes = inbound_routes_of(sink_.file.string(), inbound_, self_of_plugin_);
  if (!routes) return std::unexpected(routes.error());
  routes_ = std::move(*routes);
  return {};
}

base::Result<void> PluginInstance::start() {
  const Collector sentence;
  const int code = plugin_.start(self_of_plugin_, sentence.writer());
  if (code == 0) return {};
  const std::string said =
      sentence.text().empty() ? "code " + std::to_string(code) : clean_text(parts_.scrubber->scrub(sentence.text()), kLongestSentence);
  return base::fail(sink_.file.string() + ": does not start: " + said);
}

// What was created is destroyed once the call that failed has returned, if it ever does.
void PluginInstance::discard() {
  tickets_.close_duties();
  desk_.post([self = shared_from_this()] { self->stopped(true); });
}

base::Result<nlohmann::json> PluginInstance::render(Send send) {
  const auto text = std::make_shared<std::string>();
  const auto rendered = control("render", [this, text, sent = std::make_shared<const Send>(std::move(send))]() -> base::Result<void> {
    if (!created_ || render_.render == nullptr) return base::fail("the sink " + sink_.name + " cannot render");
    const MessageView message(*sent, 0, parts_.clock.now() + sent->timeout, base::wall_ahead(parts_.clock));
    const Collector out;
    const int code = render_.render(self_of_plugin_, message.table(), out.writer());
    if (code != 0) return base::fail(clean_text(parts_.scrubber->scrub(out.text()), kLongestSentence));
    *text = out.text();
    return {};
  });
  if (!rendered) return std::unexpected(rendered.error());
  auto requests = model::parse_untrusted(*text);
  if (!requests.is_array()) return base::fail(sink_.file.string() + ": render wrote something else than a JSON array");
  return requests;
}

}  // namespace belfry::plugin
