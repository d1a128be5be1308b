// Opening an instance, step by step, and render(): the calls that block their caller.
#include <algorithm>
#include <condition_variable>

#include "base/gateway_clock.hpp"
#include "model/untrusted_json.hpp"
#include "plugin/contract/abi.hpp"
#include "plugin/contract/handshake.hpp"
#include "plugin/contract/library.hpp"
#include "plugin/contract/message_view.hpp"
#include "plugin/contract/text.hpp"
#include "plugin/run/plugin_instance.hpp"
#include "plugin/run/services.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMaxSentenceLength = 1000;

// Shared by the waiting caller and the step, which may return after the caller has given up.
class Waiter {
 public:
  void set(base::Result<void> result) {
    const std::lock_guard lock(mutex_);
    result_ = std::move(result);
    changed_.notify_all();
  }
  std::optional<base::Result<void>> wait(base::Millis timeout, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, timeout, [&] { return result_.has_value(); });
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
      host_strand_(parts_.net),
      tickets_(parts_.first_ticket) {
  // The watch calls both while the call cannot end.
  watched_.on_slow = [this] {
    if (watched_.limit == parts_.limits.hung) strand_.confine();
  };
  // Reported first: demoting the thread fails for as long as the system has no replacement.
  watched_.on_overdue = [this] {
    if (!watched_.overdue_reported) host_strand_.post([self = shared_from_this(), name = watched_.name] { self->on_call_hung(name); });
    watched_.overdue_reported = true;
    parts_.threads->demote(watched_, code_around(watched_.library));
  };
  host_ = {sizeof(belfry_host), BELFRY_ABI_MINOR, this, find_service, complete_ticket};
}

base::Result<void> PluginInstance::open() {
  auto opened = open_for_check();
  if (!opened) return opened;
  opened = control("start", [this] { return start(); });
  if (!opened) discard();
  return opened;
}

base::Result<void> PluginInstance::open_for_check() {
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
                      sink_.file.string() + ": " + std::string(name) + " was abandoned, because the gateway is stopping");
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
  const auto handshake = negotiate(file, (*entry)());
  if (!handshake) return std::unexpected(handshake.error());
  // Looked up by name: the index comes from another process, and this code may be another build.
  const auto type = std::ranges::find(handshake->types, sink_.type.type, &PluginType::type);
  if (type == handshake->types.end()) return base::fail(file + ": no longer offers the type \"" + sink_.type.type + "\"");
  void* self = nullptr;
  const belfry_instance* table = nullptr;
  if (const int code = handshake->entry.create(type->index, &host_, &self, &table); code != 0) {
    return base::fail(file + ": cannot create an instance (code " + std::to_string(code) + ")");
  }
  const auto checked = check_instance(file, table);
  if (!checked) return std::unexpected(checked.error());
  plugin_ = *checked;
  plugin_self_ = self;
  created_ = true;
  return {};
}

base::Result<void> PluginInstance::configure() {
  const Collector lines;
  const std::string config = sink_.config.dump();
  const int code = plugin_.configure(plugin_self_, str(config), lines.writer());
  std::string sentence;
  for (const auto& problem : configure_findings(code, lines.text())) {
    if (problem.severity == Finding::Severity::warning) {
      log_.warn("plugin warning", {{"sink", sink_.name}, {"where", problem.pointer}, {"what", problem.text}});
    } else {
      sentence += (sentence.empty() ? "" : "; ") + (problem.pointer.empty() ? "" : problem.pointer + ": ") + problem.text;
    }
  }
  if (code != 0) return base::fail(base::ErrorCode::invalid, sink_.file.string() + ": refuses its configuration: " + sentence);
  return {};
}

base::Result<void> PluginInstance::fetch_extensions() {
  auto extensions = read_extensions(sink_.file.string(), plugin_, plugin_self_);
  if (!extensions) return std::unexpected(extensions.error());
  extensions_ = *extensions;
  if (extensions_.in_flight.most != nullptr) max_in_flight_ = extensions_.in_flight.most(plugin_self_);
  auto routes = inbound_routes_of(sink_.file.string(), extensions_.inbound, plugin_self_);
  if (!routes) return std::unexpected(routes.error());
  routes_ = std::move(*routes);
  return {};
}

base::Result<void> PluginInstance::start() {
  const Collector sentence;
  const int code = plugin_.start(plugin_self_, sentence.writer());
  if (code == 0) return {};
  const std::string reason =
      sentence.text().empty() ? "code " + std::to_string(code) : clean_text(parts_.scrubber->scrub(sentence.text()), kMaxSentenceLength);
  return base::fail(sink_.file.string() + ": does not start: " + reason);
}

// Destroys the created instance once the failed call has returned, if it ever does.
void PluginInstance::discard() {
  tickets_.close_host_calls();
  host_strand_.post([self = shared_from_this()] { self->stopped(true); });
}

base::Result<nlohmann::json> PluginInstance::render(SendRequest send) {
  const auto text = std::make_shared<std::string>();
  const auto rendered =
      control("render", [this, text, sent = std::make_shared<const SendRequest>(std::move(send))]() -> base::Result<void> {
        if (!created_ || extensions_.render.render == nullptr) return base::fail("the sink " + sink_.name + " cannot render");
        const MessageView message(*sent, 0, parts_.clock.now() + sent->timeout, base::wall_offset(parts_.clock));
        const Collector out;
        const int code = extensions_.render.render(plugin_self_, message.table(), out.writer());
        if (code != 0) return base::fail(clean_text(parts_.scrubber->scrub(out.text()), kMaxSentenceLength));
        *text = out.text();
        return {};
      });
  if (!rendered) return std::unexpected(rendered.error());
  auto requests = model::parse_untrusted(*text);
  if (!requests.is_array()) return base::fail(sink_.file.string() + ": render wrote something other than a JSON array");
  return requests;
}

}  // namespace belfry::plugin
