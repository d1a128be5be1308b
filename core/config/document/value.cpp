#include "config/document/value.hpp"

#include <algorithm>

#include "base/secret_text.hpp"
#include "config/document/scalar.hpp"
#include "config/document/suggest.hpp"

namespace belfry::config {
namespace {

std::string dotted(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

std::string with_range(std::string_view what, const std::string& min, const std::string& max) {
  return std::string(what) + " from " + min + " to " + max;
}

}  // namespace

std::string Value::described() const {
  using enum yaml::Node::Kind;
  switch (node_->kind) {
    case null: return "empty";
    case list: return "a list";
    case map: return "a mapping";
    case scalar: break;
  }
  return in_quotes(node_->text);
}

void Value::error(std::string_view what) const { context_->report.error(at(), path_ + " " + std::string(what)); }

void Value::warning(std::string_view what) const { context_->report.warning(at(), path_ + " " + std::string(what)); }

void Value::expected(std::string_view form) const {
  const std::string subject = path_.empty() ? "the configuration" : path_;
  context_->report.error(at(), subject + " is " + described() + "; write " + std::string(form));
}

std::filesystem::path Value::directory() const { return std::filesystem::path(context_->report.file(at().file)).parent_path(); }

std::expected<Expanded, ReferenceError> Value::expand() const { return context_->references.expand(node_->text, directory()); }

std::optional<Expanded> Value::expanded(std::string_view form) const {
  if (node_->kind != yaml::Node::Kind::scalar) {
    expected(form);
    return std::nullopt;
  }
  auto result = expand();
  if (result) return *std::move(result);
  context_->report.error(at(), path_ + ": " + result.error().text);
  return std::nullopt;
}

std::optional<std::string> Value::text(std::string_view form) const {
  auto value = expanded(form);
  if (!value) return std::nullopt;
  if (value->text.empty()) {
    expected(form);
    return std::nullopt;
  }
  const auto kind = scalar_kind(node_->text);
  if (node_->plain && !value->referenced && kind != ScalarKind::string) {
    // The value is not shown: it may be a password.
    error(kind == ScalarKind::boolean ? "is true or false without quotes; write it in quotes" : "is a number; write it in quotes");
    return std::nullopt;
  }
  return std::move(value->text);
}

std::optional<base::Secret> Value::secret(std::string_view form, bool whole) const {
  const auto value = expanded(form);
  if (!value) return std::nullopt;
  if (!value->exposed.empty()) {
    error("is a secret: " + value->exposed);
    return std::nullopt;
  }
  if (value->referenced && value->text.empty()) return base::Secret();
  const std::string_view trimmed = base::trimmed_secret(value->text);
  if (value->referenced && trimmed.empty()) {
    error("is a secret that consists of white space only; give it a value");
    return std::nullopt;
  }
  auto checked = text(form);
  if (!checked) return std::nullopt;
  // Only values from references are trimmed: text in the configuration itself is taken as written.
  if (value->referenced) checked = std::string(trimmed);
  const std::string holder = value->file ? "is a secret, and " + value->file->path.string() + " " : "is a secret that ";
  if (const auto fault = base::secret_error(*checked); !fault.empty()) {
    error(holder + fault);
    return std::nullopt;
  }
  if (const auto doubt = base::secret_warning(*checked); !doubt.empty()) warning(holder + doubt);
  if (whole && !value->referenced) {
    if (const auto what = inline_secret_warning(context_->report.file(at().file)); !what.empty()) warning("is a secret that " + what);
  }
  return base::Secret(*std::move(checked));
}

std::optional<std::string> Value::unquoted(std::string_view form) const {
  auto value = expanded(form);
  if (!value) return std::nullopt;
  if (!node_->plain && !value->referenced) {
    expected(std::string(form) + ", without quotes");
    return std::nullopt;
  }
  return std::move(value->text);
}

std::optional<bool> Value::boolean() const {
  constexpr std::string_view kForm = "true or false";
  const auto value = unquoted(kForm);
  if (!value) return std::nullopt;
  if (scalar_kind(*value) == ScalarKind::boolean) return value->front() == 't' || value->front() == 'T';
  expected(kForm);
  return std::nullopt;
}

std::optional<std::size_t> Value::count(Range<std::size_t> range) const {
  const auto form = with_range("a whole number", std::to_string(range.min), std::to_string(range.max));
  const auto value = unquoted(form);
  if (!value) return std::nullopt;
  const auto number = parse_count(*value);
  if (number && *number >= range.min && *number <= range.max) return number;
  expected(form);
  return std::nullopt;
}

std::optional<Millis> Value::duration(Range<Millis> range) const {
  const auto value = expanded(kDurationForm);
  if (!value) return std::nullopt;
  const auto length = parse_duration(value->text);
  if (length && *length >= range.min && *length <= range.max) return length;
  expected(length ? with_range("a duration", base::to_string(range.min), base::to_string(range.max)) : kDurationForm);
  return std::nullopt;
}

std::optional<std::size_t> Value::size(Range<std::size_t> range) const {
  const auto value = expanded(kSizeForm);
  if (!value) return std::nullopt;
  const auto bytes = parse_size(value->text);
  if (bytes && *bytes >= range.min && *bytes <= range.max) return bytes;
  expected(bytes ? with_range("a size", size_text(range.min), size_text(range.max)) : kSizeForm);
  return std::nullopt;
}

std::optional<Rate> Value::rate() const {
  constexpr std::uint32_t kLimit = 1'000'000;
  const auto value = expanded(kRateForm);
  if (!value) return std::nullopt;
  const auto rate = parse_rate(value->text);
  if (rate && rate->events >= 1 && rate->events <= kLimit) return rate;
  expected(rate ? "a rate of 1 to 1000000 per s, min or h" : kRateForm);
  return std::nullopt;
}

std::optional<std::filesystem::path> Value::file_path(std::string_view form) const {
  const auto value = text(form);
  return value ? std::optional(directory() / *value) : std::nullopt;
}

std::vector<base::Secret> Value::secrets(std::string_view form) const {
  std::vector<base::Secret> all;
  const auto add = [&](const Value& written) {
    auto secret = written.secret(form);
    if (secret && !secret->empty()) all.push_back(*std::move(secret));
  };
  if (node_->kind != yaml::Node::Kind::list) {
    add(*this);
    return all;
  }
  const auto written = entries(form);
  if (written.size() > kMaxSecrets)
    error("has " + std::to_string(written.size()) + " entries; write at most " + std::to_string(kMaxSecrets));
  for (const auto& entry : written) add(entry);
  return all;
}

std::optional<std::filesystem::path> Value::private_file(std::string_view form) const {
  auto file = file_path(form);
  std::error_code ignored;
  const auto exposed = file ? References::exposure(*file, std::filesystem::status(*file, ignored)) : "";
  if (!exposed.empty()) warning("is a secret: " + exposed);
  return file;
}

std::optional<std::filesystem::path> Value::secret_file(std::string_view form) const {
  auto file = file_path(form);
  std::error_code ignored;
  const auto exposed = file ? References::exposure(*file, std::filesystem::status(*file, ignored)) : "";
  if (exposed.empty()) return file;
  error("is a secret: " + exposed);
  return std::nullopt;
}

Location Value::location() const { return context_->report.location(at()); }

std::string Value::location_text() const { return context_->report.location_text(at()); }

std::vector<Value> Value::entries(std::string_view form) const {
  if (node_->kind != yaml::Node::Kind::list || node_->items.empty()) {
    if (node_->kind == yaml::Node::Kind::list) {
      error("is an empty list; write " + std::string(form));
    } else {
      expected(form);
    }
    return {};
  }
  std::vector<Value> out;
  out.reserve(node_->items.size());
  std::map<int, std::size_t> counts;  // per file: users count within the file that they edit
  for (const auto& item : node_->items) {
    out.emplace_back(*context_, *item, path_ + "[" + std::to_string(counts[item->at.file]++) + "]", item->at);
  }
  return out;
}

std::vector<std::pair<std::string, Value>> Value::named(std::string_view form) const {
  if (node_->kind != yaml::Node::Kind::map || node_->members.empty()) {
    if (node_->kind == yaml::Node::Kind::map) {
      error("is an empty mapping; write " + std::string(form));
    } else {
      expected(form);
    }
    return {};
  }
  std::vector<std::pair<std::string, Value>> out;
  for (const auto& member : node_->members) {
    if (!is_name(member.key)) {
      context_->report.error(member.key_at, path_ + ": " + in_quotes(member.key) + " is not a valid name; write " + std::string(kNameForm));
    }
    out.emplace_back(member.key, Value(*context_, *member.value, dotted(path_, member.key), member.key_at));
  }
  return out;
}

Section::Section(const Value& value, const SectionKeys& allowed) : value_(value) {
  if (value.node().kind == yaml::Node::Kind::map) {
    check_keys(allowed);
  } else {
    std::string keys(allowed.keys);
    for (std::size_t at = 0; (at = keys.find(' ', at)) != std::string::npos; at += 2) keys.replace(at, 1, ", ");
    value.expected("a mapping with the keys " + keys);
  }
}

void Section::check_keys(const SectionKeys& allowed) {
  const auto known = split_words(allowed.keys);
  const auto later = split_words(allowed.later);
  const std::string where = value_.path().empty() ? "" : " in " + value_.path();
  for (const auto& member : value_.node().members) {
    if (std::ranges::find(known, member.key) != known.end()) continue;
    auto& report = value_.context().report;
    if (std::ranges::find(later, member.key) != later.end()) {
      report.error(member.key_at, dotted(value_.path(), member.key) + " is not supported by this version; remove it");
    } else {
      report.error(member.key_at, "unknown key " + in_quotes(member.key) + where + suggestion(member.key, known, "the keys here are"));
      meant_.push_back(base::closest_word(member.key, known));
    }
  }
}

std::optional<Value> Section::get(std::string_view key) const {
  const auto* member = value_.node().find(key);
  if (member == nullptr) return std::nullopt;
  return Value(value_.context(), *member->value, dotted(value_.path(), key), member->key_at);
}

std::optional<Value> Section::require(std::string_view key, std::string_view example) const {
  auto found = get(key);
  if (!found && value_.node().kind == yaml::Node::Kind::map && !may_contain(key)) {
    const std::string subject = value_.path().empty() ? "the configuration" : value_.path();
    value_.context().report.error(value_.key(), subject + " has no " + std::string(key) + "; write " + std::string(example));
  }
  return found;
}

bool Section::may_contain(std::string_view key) const { return value_.node().incomplete || std::ranges::find(meant_, key) != meant_.end(); }

bool is_name(std::string_view text) {
  constexpr std::size_t kMaxLength = 63;
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= kMaxLength && alphanumeric(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return alphanumeric(c) || c == '-' || c == '_'; });
}

}  // namespace belfry::config
