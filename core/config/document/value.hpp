// Typed access to the tree. Every reader reports its problem, "PATH is X; write Y", and then returns nothing: the caller continues with
// the default, so that all problems of a file are found in one pass. Messages show references as written, never their values.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document/references.hpp"
#include "config/document/report.hpp"
#include "config/document/section_keys.hpp"
#include "config/document/yaml.hpp"
#include "config/values/settings.hpp"

namespace belfry::config {

// State shared by all readers of one configuration. Outlives them.
struct Context {
  Report& report;
  const References& references;
  const Environment& environment;
};

template <class T>
struct Range {
  T min;
  T max;
};

// Limit for the secrets that are accepted at the same time during rotation.
inline constexpr std::size_t kMaxSecrets = 4;

// A node with its path for messages ("sinks.slack.plugin") and the location of its key.
class Value {
 public:
  Value(const Context& context, const yaml::Node& node, std::string path, Mark key)
      : context_(&context), node_(&node), path_(std::move(path)), key_(key) {}

  [[nodiscard]] const yaml::Node& node() const { return *node_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Context& context() const { return *context_; }
  [[nodiscard]] Mark at() const { return node_->at; }
  [[nodiscard]] Mark key() const { return key_; }
  // The directory of the file that contains the value: the base of relative paths.
  [[nodiscard]] std::filesystem::path directory() const;
  // The value for a message: a scalar as written, in quotes; else "empty", "a list" or "a mapping".
  [[nodiscard]] std::string described() const;

  // Both report "PATH WHAT" at the value.
  void error(std::string_view what) const;
  void warning(std::string_view what) const;
  // Reports "PATH is X; write FORM" at the value.
  void expected(std::string_view form) const;

  // The text of a scalar with its references replaced. Reports nothing.
  [[nodiscard]] std::expected<Expanded, ReferenceError> expand() const;
  // A scalar of any type with its references replaced.
  [[nodiscard]] std::optional<Expanded> expanded(std::string_view form) const;
  // Non-empty text. An unquoted number or boolean is not text.
  [[nodiscard]] std::optional<std::string> text(std::string_view form) const;
  // The same for a secret: refuses a file that others can read. Empty when the references are optional and missing:
  // "${file:admin-token:-}". Warns about a secret written in a configuration file that others can read, unless `whole` is false: only a
  // part of the value is secret.
  [[nodiscard]] std::optional<base::Secret> secret(std::string_view form, bool whole = true) const;
  // One secret, or a list of up to kMaxSecrets during rotation. Leaves out optional secrets that are missing.
  [[nodiscard]] std::vector<base::Secret> secrets(std::string_view form) const;
  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::optional<std::size_t> count(Range<std::size_t> range) const;
  [[nodiscard]] std::optional<Millis> duration(Range<Millis> range) const;
  [[nodiscard]] std::optional<std::size_t> size(Range<std::size_t> range) const;
  [[nodiscard]] std::optional<Rate> rate() const;
  // A path; relative paths start at directory().
  [[nodiscard]] std::optional<std::filesystem::path> file_path(std::string_view form) const;
  // The same for a file that should be private: warns if others can read it.
  [[nodiscard]] std::optional<std::filesystem::path> private_file(std::string_view form) const;
  // The same for a file that must be private: refuses it if others can read it.
  [[nodiscard]] std::optional<std::filesystem::path> secret_file(std::string_view form) const;
  [[nodiscard]] Location location() const;
  [[nodiscard]] std::string location_text() const;  // "FILE:LINE:COLUMN"

  // The entries of a list, which must not be empty.
  [[nodiscard]] std::vector<Value> entries(std::string_view form) const;
  // The members of a mapping whose keys are names chosen by the administrator (sources, sinks). There must be at least one.
  [[nodiscard]] std::vector<std::pair<std::string, Value>> named(std::string_view form) const;

 private:
  [[nodiscard]] std::optional<std::string> unquoted(std::string_view form) const;

  const Context* context_;
  const yaml::Node* node_;
  std::string path_;
  Mark key_;
};

// A mapping with known keys. The constructor reports unknown keys.
class Section {
 public:
  Section(const Value& value, const SectionKeys& allowed);

  [[nodiscard]] std::optional<Value> get(std::string_view key) const;
  // Reports a missing key, with an example of what to write such as "plugin: slack", unless may_contain(key).
  [[nodiscard]] std::optional<Value> require(std::string_view key, std::string_view example) const;
  // Whether a missing key may be due to a problem that has been reported, such as a misspelled key. It must not be reported again.
  [[nodiscard]] bool may_contain(std::string_view key) const;
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  void check_keys(const SectionKeys& allowed);

  Value value_;
  std::vector<std::string_view> meant_;  // known keys that resemble the unknown ones
};

// Assigns the value of a reader; keeps the default when there is none.
template <class To, class From>
void assign(To& to, std::optional<From> from) {
  if (from) to = *std::move(from);
}

// Whether `text` is a name such as "slack" or "ops-mail_2": a letter or digit, then letters, digits, - and _; at most 63 bytes.
[[nodiscard]] bool is_name(std::string_view text);
inline constexpr std::string_view kNameForm = "a name of letters, digits, - and _ (at most 63)";

}  // namespace belfry::config
