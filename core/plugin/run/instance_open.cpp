// Opening an instance, step by step, and render(): the calls that block their caller.
#include <algorithm>
#include <condition_variable>

#include "base/gateway_clock.hpp"
#include "model/untrusted_json.hpp"
#include "plugin/contract/abi.hpp"
#include "plugin/contract/finding.hpp"
#include "plugin/contract/handshake.hpp"
#include "plugin/contract/message_view.hpp"
#include "plugin/contract/text.hpp"
#include "plugin/inspect/library.hpp"
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
      log_(parts_, sink_.name),
      secrets_(sink_, *parts_.scrubber, log_),
      caller_(parts_, {parts_.first_ticket, sink_.name, sink_.file.string(), sink_.copy.path.stem().string()}, sink_.type.type, log_,
              {[this](std::string_view name) { host_strand_.post([self = shared_from_this(), name] { self->on_call_hung(name); }); },
               [this] { host_strand_.post([self = shared_from_this()] { self->on_call_returned(); }); }}),
      host_strand_(parts_.net),
      tickets_(parts_.first_ticket),
      inbound_(*this),
      stop_(*this),
      host_(host_table(*this)) {}

base::Result<void> PluginInstance::open() {
  auto opened = open_for_check();
  if (!opened) return opened;
  opened = control("start", [this] { return start(); });
  if (!opened) stop_.discard();
  return opened;
}

base::Result<void> PluginInstance::open_for_check() {
  stop_.hold();
  auto opened = control("create", [this] { return create(); });
  if (opened) opened = control("configure", [this] { return configure(); });
  if (opened) opened = control("extension", [this] { return fetch_extensions(); });
  if (!opened) stop_.discard();
  return opened;
}

base::Result<void> PluginInstance::control(std::string_view name, std::function<base::Result<void>()> step) {
  const auto waiter = std::make_shared<Waiter>();
  caller_.post([self = shared_from_this(), waiter, name, step = std::move(step)] {
    base::Result<void> result;
    const bool returned = self->caller_.call(name, self->parts_.limits.control, [&] { result = step(); });
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
  caller_.set_code(reinterpret_cast<const void*>(*entry));
  const auto handshake = negotiate(file, (*entry)());
  if (!handshake) return std::unexpected(handshake.error());
  // Checked again: the code may be another build than the one that was probed.
  const auto& type = sink_.type.type;
  if (std::ranges::find(handshake->types, type, &PluginType::type) == handshake->types.end())
    return base::fail(file + ": no longer offers the type \"" + type + "\"");
  void* self = nullptr;
  const belfry_sink_api* table = nullptr;
  if (const belfry_status status = handshake->entry.create(str(type), &host_, &self, &table); status != BELFRY_OK) {
    return base::fail(file + ": cannot create an instance (code " + std::to_string(status) + ")");
  }
  const auto checked = check_sink_api(file, table);
  if (!checked) return std::unexpected(checked.error());
  api_ = *checked;
  plugin_self_ = self;
  created_ = true;
  return {};
}

base::Result<void> PluginInstance::configure() {
  FindingCollector collected(*parts_.scrubber);
  const std::string config = sink_.config.dump();
  const belfry_status status = api_.configure(plugin_self_, str(config), collected.receiver());
  if (!collected.defect().empty()) log_.violation("bad_argument", "configure: " + collected.defect());
  const auto findings = configure_findings(status, collected.findings());
  std::string sentence;
  for (const auto& finding : findings) {
    using Severity = Finding::Severity;
    const base::LogFields fields = {{"sink", sink_.name}, {"where", finding.pointer}, {"what", finding.text}};
    if (finding.severity == Severity::warning) log_.logger().warn("plugin warning", fields);
    if (finding.severity == Severity::note) log_.logger().info("plugin note", fields);
    if (finding.severity == Severity::error)
      sentence += (sentence.empty() ? "" : "; ") + (finding.pointer.empty() ? "" : finding.pointer + ": ") + finding.text;
  }
  if (!has_error(findings)) return {};
  return base::fail(base::ErrorCode::invalid, sink_.file.string() + ": refuses its configuration: " + sentence);
}

base::Result<void> PluginInstance::fetch_extensions() {
  auto extensions = read_extensions(sink_.file.string(), api_, plugin_self_);
  if (!extensions) return std::unexpected(extensions.error());
  extensions_ = *extensions;
  if (extensions_.in_flight.max != nullptr) max_in_flight_ = extensions_.in_flight.max(plugin_self_);
  auto routes = inbound_routes_of(sink_.file.string(), extensions_.inbound, plugin_self_);
  if (!routes) return std::unexpected(routes.error());
  inbound_.set(extensions_.inbound, std::move(*routes));
  return {};
}

base::Result<void> PluginInstance::start() {
  if (!go_live()) return base::fail(sink_.file.string() + ": was stopped before it started");
  const Collector sentence;
  const belfry_status status = api_.start(plugin_self_, sentence.writer());
  check_written("start", sentence.complete());
  if (status == BELFRY_OK) return {};
  close();
  const std::string reason =
      sentence.text().empty() ? "code " + std::to_string(status) : clean_text(parts_.scrubber->scrub(sentence.text()), kMaxSentenceLength);
  return base::fail(sink_.file.string() + ": does not start: " + reason);
}

void PluginInstance::check_written(std::string_view step, bool complete) {
  if (!complete) log_.violation("bad_argument", std::string(step) + " wrote more than 1 MiB");
}

base::Result<nlohmann::json> PluginInstance::render(SendRequest send) {
  const auto text = std::make_shared<std::string>();
  const auto rendered =
      control("render", [this, text, sent = std::make_shared<const SendRequest>(std::move(send))]() -> base::Result<void> {
        if (!created_ || stop_.called() || extensions_.render.render == nullptr)
          return base::fail("the sink " + sink_.name + " cannot render");
        const MessageView message(*sent, 0, parts_.clock.steady() + sent->timeout, base::wall_offset(parts_.clock));
        const Collector out;
        const belfry_status status = extensions_.render.render(plugin_self_, message.table(), out.writer());
        check_written("render", out.complete());
        if (status != BELFRY_OK) return base::fail(clean_text(parts_.scrubber->scrub(out.text()), kMaxSentenceLength));
        *text = out.text();
        return {};
      });
  if (!rendered) return std::unexpected(rendered.error());
  auto requests = model::parse_untrusted(*text);
  if (!requests.is_array()) return base::fail(sink_.file.string() + ": render wrote something other than a JSON array");
  return requests;
}

}  // namespace belfry::plugin
