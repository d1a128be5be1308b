// Typed reading of the tree. Every reader reports what is wrong, "PATH is X; write Y", and then returns nothing: the caller goes on with
// the default, so that all problems of a file are found in one go. What a reference brought in is never part of a message: what was
// written is shown instead.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/references.hpp"
#include "config/report.hpp"
#include "config/settings.hpp"
#include "config/vocabulary.hpp"
#include "config/yaml.hpp"

namespace belfry::config {

// What all readers of one configuration share. Outlives them.
struct Context {
  Report& report;
  const References& references;
  const Environment& environment;
};

template <class T>
struct Range {
  T least;
  T most;
};

// Secrets that are taken at a time while one of them is being replaced.
inline constexpr std::size_t kMostSecrets = 4;

// A node together with its name for people ("sinks.slack.plugin") and the place of its key.
class Value {
 public:
  Value(const Context& context, const yaml::Node& node, std::string path, Mark key)
      : context_(&context), node_(&node), path_(std::move(path)), key_(key) {}

  [[nodiscard]] const yaml::Node& node() const { return *node_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Context& context() const { return *context_; }
  [[nodiscard]] Mark at() const { return node_->at; }
  [[nodiscard]] Mark key() const { return key_; }
  // Of the file that it is written in: relative paths begin here.
  [[nodiscard]] std::filesystem::path directory() const;
  // As written, in quotes; "empty", "a list" or "a mapping".
  [[nodiscard]] std::string described() const;

  // "PATH WHAT", at the value.
  void error(std::string_view what) const;
  void warning(std::string_view what) const;
  // "PATH is X; write FORM", at the value.
  void expected(std::string_view form) const;

  // The text of a scalar with its references replaced; reports nothing.
  [[nodiscard]] std::expected<Expanded, ReferenceFault> expand() const;
  // A scalar of any kind with its references replaced.
  [[nodiscard]] std::optional<Expanded> expanded(std::string_view form) const;
  // Text that is not empty. A number or true without quotes is no text.
  [[nodiscard]] std::optional<std::string> text(std::string_view form) const;
  // The same for what nobody else may know: a file that others can read is refused. Empty when its references say that it may be left out
  // and it is: "${file:admin-token:-}". Warns of one that stands in a file that others can read, unless it is no secret as a `whole`.
  [[nodiscard]] std::optional<base::Secret> secret(std::string_view form, bool whole = true) const;
  // One, or a list of up to kMostSecrets while it is being replaced. Those that may be left out, and are, are not among them.
  [[nodiscard]] std::vector<base::Secret> secrets(std::string_view form) const;
  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::optional<std::size_t> count(Range<std::size_t> range) const;
  [[nodiscard]] std::optional<Millis> duration(Range<Millis> range) const;
  [[nodiscard]] std::optional<std::size_t> size(Range<std::size_t> range) const;
  [[nodiscard]] std::optional<Rate> rate() const;
  // Relative to the directory of the configuration.
  [[nodiscard]] std::optional<std::filesystem::path> file_path(std::string_view form) const;
  // The same of a file that nobody else should know: warns of one that others can read.
  [[nodiscard]] std::optional<std::filesystem::path> private_file(std::string_view form) const;
  // The same of a file that nobody else may know: one that others can read is refused.
  [[nodiscard]] std::optional<std::filesystem::path> secret_file(std::string_view form) const;
  [[nodiscard]] Position position() const;
  [[nodiscard]] std::string position_text() const;  // "FILE:LINE:COLUMN"

  // The entries of a list with at least one.
  [[nodiscard]] std::vector<Value> entries(std::string_view form) const;
  // The members of a mapping whose keys are names that the administrator chose (sources, sinks), at least one.
  [[nodiscard]] std::vector<std::pair<std::string, Value>> named(std::string_view form) const;

 private:
  [[nodiscard]] std::optional<std::string> unquoted(std::string_view form) const;

  const Context* context_;
  const yaml::Node* node_;
  std::string path_;
  Mark key_;
};

// A mapping with known keys. Making one reports those that are not known.
class Section {
 public:
  Section(const Value& value, const Vocabulary& words);

  [[nodiscard]] std::optional<Value> get(std::string_view key) const;
  // Reports a missing key with an example of what to write, such as "plugin: slack"; unless it may be there under a wrong name.
  [[nodiscard]] std::optional<Value> require(std::string_view key, std::string_view example) const;
  // A key that is missing was probably meant by one that has been reported: that it is missing is no news then.
  [[nodiscard]] bool may_hold(std::string_view key) const;
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  void check_keys(const Vocabulary& words);

  Value value_;
  std::vector<std::string_view> meant_;  // what unknown keys may have been meant to be
};

// Takes over what a reader found, keeps the default when it found nothing.
template <class To, class From>
void assign(To& to, std::optional<From> from) {
  if (from) to = *std::move(from);
}

// "slack", "ops-mail_2": a letter or digit, then letters, digits, - and _, at most 63.
[[nodiscard]] bool is_name(std::string_view text);
inline constexpr std::string_view kNameForm = "a name of letters, digits, - and _ (at most 63)";

}  // namespace belfry::config
