#include "route/processors.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "model/names.hpp"
#include "model/original.hpp"

namespace belfry::route {
namespace {

constexpr std::string_view kLabels = "labels.";

std::string title_of(const model::ProcessorRule& rule) { return rule.location + ": processor \"" + rule.name + "\""; }

// The smaller of the two: a processor can only shorten the source's max_age.
std::optional<base::Millis> stricter(std::optional<base::Millis> source, std::optional<base::Millis> wanted) {
  if (!source || !wanted) return source ? source : wanted;
  return std::min(*source, *wanted);
}

void set_text(model::Notification& notification, const std::string& path, std::string text) {
  if (path == "title") return render::set_title(notification, std::move(text));
  if (path == "body") return render::set_body(notification, std::move(text));
  if (path == "update_key") {
    notification.update_key = std::move(text);
  } else if (path == "severity") {
    if (model::is_severity(text)) notification.severity = std::move(text);
  } else if (path.starts_with(kLabels)) {
    notification.labels[path.substr(kLabels.size())] = std::move(text);
  }
}

void unset(model::Notification& notification, const model::Notification& source, const std::string& path) {
  if (path.starts_with(kLabels)) notification.labels.erase(path.substr(kLabels.size()));
  if (path == "severity") notification.severity.clear();
  if (path == "update_key") notification.update_key.clear();
  if (path == "actions") notification.actions.clear();
  if (path == "max_age") notification.max_age = source.max_age;
}

// The key of a dedupe as people may read it: a later processor may redact a text that it was made from.
class ShownKey {
 public:
  void begin(const render::Template& key, std::string text) {
    key_ = &key;
    text_ = std::move(text);
  }
  void redact(const Redactor& redactor, model::Notification& notification) {
    const auto before = render(notification);
    redactor.apply(notification);
    redactor.apply(text_);
    // Within a longer text, a pattern with ^ or $ no longer matches.
    if (const auto after = render(notification); after != before && after != text_) text_ = kRedacted;
  }
  [[nodiscard]] std::string text(const model::Notification& notification) const {
    if (notification.sensitive) return "(sensitive)";
    const auto kept = base::utf8_prefix(text_, kMaxBytes);
    return std::string(kept) + (kept.size() < text_.size() ? "..." : "");
  }

 private:
  static constexpr std::size_t kMaxBytes = 100;
  static constexpr const char* kRedacted = "(redacted)";

  [[nodiscard]] std::string render(const model::Notification& notification) const {
    return key_ == nullptr ? std::string() : key_->render(notification);
  }

  const render::Template* key_ = nullptr;  // null: no dedupe
  std::string text_;
};

render::Format format_of(const std::string& path) { return path == "body" ? render::Format::markdown : render::Format::plain; }

}  // namespace

base::Result<Processors::Processor> Processors::Processor::compile(model::ProcessorRule rule, MatchCache& match_cache) {
  Processor out;
  auto when = Matcher::compile(rule.when, match_cache);
  if (!when) return std::unexpected(when.error());
  out.when = std::move(*when);
  for (const auto& assignment : rule.set) {
    Setter setter{assignment, std::nullopt};
    if (assignment.path != "sensitive" && assignment.path != "max_age") {
      auto text = render::Template::compile(assignment.text, format_of(assignment.path));
      if (!text) return std::unexpected(base::with_context("set." + assignment.path, text.error()));
      setter.text = std::move(*text);
    }
    out.set.push_back(std::move(setter));
  }
  auto redact = Redactor::compile(rule.redact);
  if (!redact) return std::unexpected(base::with_context("redact", redact.error()));
  out.redact = std::move(*redact);
  if (rule.message) {
    auto message = render::MessageTemplate::compile(*rule.message);
    if (!message) return std::unexpected(base::with_context("message", message.error()));
    out.message = std::move(*message);
  }
  if (rule.dedupe) {
    auto key = render::Template::compile(rule.dedupe->key, render::Format::plain);
    if (!key) return std::unexpected(base::with_context("dedupe.key", key.error()));
    out.dedupe_key = std::move(*key);
  }
  out.rule = std::move(rule);
  return out;
}

void Processors::Processor::apply(model::Notification& notification, const model::Notification& source) const {
  for (const auto& [assignment, text] : set) {
    if (text) {
      set_text(notification, assignment.path, text->render(notification));
    } else if (assignment.path == "sensitive") {
      notification.sensitive = source.sensitive || assignment.flag;
    } else {
      notification.max_age = stricter(source.max_age, assignment.duration);
    }
  }
  for (const auto& path : rule.unset) unset(notification, source, path);
  if (message) message->apply(notification);
}

std::string Processors::Processor::summary() const {
  if (rule.drop) return "drops it: " + *rule.drop;
  std::vector<std::string> parts;
  for (const auto& assignment : rule.set) parts.push_back("sets " + assignment.path);
  for (const auto& path : rule.unset) parts.push_back("unsets " + path);
  if (!rule.redact.empty()) parts.emplace_back("redacts");
  if (rule.message) parts.emplace_back("writes the message");
  if (rule.dedupe) parts.push_back("suppresses repeats within " + base::to_string(rule.dedupe->window));
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

base::Result<Processors> Processors::compile(std::vector<model::ProcessorRule> rules) {
  Processors out;
  const auto match_cache = std::make_shared<MatchCache>();
  for (auto& rule : rules) {
    const auto title = title_of(rule);
    auto processor = Processor::compile(std::move(rule), *match_cache);
    if (!processor) return std::unexpected(base::with_context(title, processor.error()));
    out.processors_.push_back(std::move(*processor));
  }
  match_cache->seal();
  out.match_cache_ = match_cache;
  return out;
}

ProcessorResult Processors::run(model::Notification& notification, std::vector<Trace::Entry>* trace) const {
  ProcessorResult out;
  if (processors_.empty()) return out;
  std::optional<MatchCache::Evaluation> evaluation(std::in_place, *match_cache_, notification);
  std::optional<model::Notification> source;  // as received; set before the first change
  std::vector<MatchedPath> dropped_for;
  ShownKey shown_key;
  for (const auto& processor : processors_) {
    Trace::Entry* entry =
        trace == nullptr ? nullptr : &trace->emplace_back(Trace::Entry{.name = processor.rule.name, .location = processor.rule.location});
    if (out.dropped) {
      // A dropped notification is stored too, so it must be redacted.
      const bool redacts = !processor.redact.empty() && processor.when.matches(*evaluation);
      if (redacts) processor.redact.apply(notification);
      if (redacts && source) processor.redact.apply(*source);
      if (redacts) evaluation.emplace(*match_cache_, notification);
      if (entry == nullptr) continue;
      entry->match = redacts ? Trace::Match::matched : Trace::Match::not_reached;
      entry->why = redacts ? "redacts the stored copy" : "processor \"" + out.dropped->by + "\" dropped it";
      continue;
    }
    const bool matched = processor.when.matches(*evaluation, entry == nullptr ? nullptr : &entry->why);
    if (entry != nullptr) entry->match = matched ? Trace::Match::matched : Trace::Match::not_matched;
    if (!matched) continue;
    if (entry != nullptr) entry->why = processor.summary();
    out.applied.push_back(processor.rule.name);
    if (processor.rule.drop) {
      out.dropped = {.by = processor.rule.name, .reason = *processor.rule.drop};
      dropped_for = processor.when.matched_paths(*evaluation);
      continue;
    }
    if (processor.changes()) {
      if (!source) source = notification;
      processor.apply(notification, *source);
      evaluation.emplace(*match_cache_, notification);
    }
    if (!processor.redact.empty()) {
      shown_key.redact(processor.redact, notification);
      evaluation.emplace(*match_cache_, notification);
      if (source) processor.redact.apply(*source);
    }
    if (processor.dedupe_key) {
      out.dedupe = {.key = processor.dedupe_key->render(notification), .window = processor.rule.dedupe->window, .by = processor.rule.name};
      shown_key.begin(*processor.dedupe_key, out.dedupe->key);
    }
  }
  if (out.dropped) out.dropped->because = describe(dropped_for, *evaluation);
  if (out.dedupe) out.dedupe->shown = shown_key.text(notification);
  if (source) notification.original = model::original_values(*source, notification);
  return out;
}

}  // namespace belfry::route
