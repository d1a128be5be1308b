// The sink's `config`, already validated against the plugin's schema, with defaults filled in.
#pragma once
#include <charconv>
#include <cstdint>
#include <limits>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "belfry/sdk/runtime.hpp"

namespace belfry::sdk {

// Thrown by Config's readers; becomes an error finding when it leaves configure().
class ConfigError : public std::runtime_error {
 public:
  ConfigError(std::string pointer, const std::string& text) : std::runtime_error(text), pointer_(std::move(pointer)) {}
  [[nodiscard]] const std::string& pointer() const { return pointer_; }

 private:
  std::string pointer_;
};

// A reference to a secret in the configuration. Cheap to copy and safe to keep. Call reveal() at each use and do not keep its result:
// rotation changes the value. Thread rule: any thread, from start() on.
class Secret {
 public:
  Secret() = default;
  Secret(const detail::Runtime* runtime, std::string reference) : runtime_(runtime), reference_(std::move(reference)) {}

  // True if the secret is not configured.
  [[nodiscard]] bool empty() const { return reference_.empty(); }
  // The reference that stands in `config` instead of the value. It reveals nothing.
  [[nodiscard]] const std::string& reference() const { return reference_; }
  // The current value; "" if empty(). Throws OutcomeError if the host has no secret with this reference.
  [[nodiscard]] std::string reveal() const {
    if (empty()) return {};
    const auto reveal = runtime_->require(runtime_->tables().secrets.reveal, BELFRY_HOST_SECRETS_1);
    struct Received {
      std::string value;
      bool whole = true;
    } received;
    // Called by the host: no exception may cross its frames.
    const auto append = [](void* ctx, belfry_str piece) noexcept -> belfry_status {
      auto& out = *static_cast<Received*>(ctx);
      try {
        out.value.append(detail::view(piece));
        return BELFRY_OK;
      } catch (...) {
        out.whole = false;
        return BELFRY_FAILED;
      }
    };
    const belfry_writer writer{&received, append};
    const belfry_status status = reveal(runtime_->ctx(), detail::str(reference_), &writer);
    if (!received.whole) throw std::bad_alloc();
    if (status != BELFRY_OK) throw OutcomeError(Outcome::misconfigured("secret_unknown", "the gateway has no secret named " + reference_));
    return std::move(received.value);
  }

 private:
  const detail::Runtime* runtime_ = nullptr;
  std::string reference_;
};

// A value: copies are independent. Readers take the key of a member and return `fallback` if it is absent or null. A member of the wrong
// type throws ConfigError with its pointer.
class Config {
 public:
  explicit Config(nlohmann::json document, const detail::Runtime* runtime = nullptr, std::string at = {})
      : document_(std::move(document)), runtime_(runtime), at_(std::move(at)) {}

  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }

  [[nodiscard]] std::string string(std::string_view key, std::string fallback = {}) const {
    const auto* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_string()) fail(key, "must be a string");
    return value->get<std::string>();
  }
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t fallback = 0) const {
    const auto* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_number_integer()) fail(key, "must be an integer");
    return value->get<std::int64_t>();
  }
  [[nodiscard]] bool boolean(std::string_view key, bool fallback = false) const {
    const auto* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) fail(key, "must be true or false");
    return value->get<bool>();
  }
  // "10s", "5m", "24h", "7d" or "250ms".
  [[nodiscard]] Millis duration(std::string_view key, Millis fallback = Millis{0}) const {
    const auto* value = find(key);
    if (value == nullptr) return fallback;
    const auto parsed = value->is_string() ? parse_duration(value->get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) fail(key, "must be a duration such as 10s, 5m, 24h or 7d");
    return *parsed;
  }
  // A list of strings. A single string counts as a list of one.
  [[nodiscard]] std::vector<std::string> list(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr) return {};
    if (value->is_string()) return {value->get<std::string>()};
    if (!value->is_array()) fail(key, "must be a list of strings");
    std::vector<std::string> all;
    for (const auto& element : *value) {
      if (!element.is_string()) fail(key, "must be a list of strings");
      all.push_back(element.get<std::string>());
    }
    return all;
  }
  // For members that the schema marks x-secret.
  [[nodiscard]] Secret secret(std::string_view key) const { return Secret(runtime_, string(key)); }
  [[nodiscard]] std::vector<Secret> secrets(std::string_view key) const {
    std::vector<Secret> all;
    for (auto& reference : list(key)) all.emplace_back(runtime_, std::move(reference));
    return all;
  }
  // A nested object; empty if absent.
  [[nodiscard]] Config section(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr) return Config(nlohmann::json::object(), runtime_, pointer(key));
    if (!value->is_object()) fail(key, "must be a map");
    return Config(*value, runtime_, pointer(key));
  }

  [[nodiscard]] const nlohmann::json& json() const { return document_; }
  // RFC 6901 pointer to a member, for findings.
  [[nodiscard]] std::string pointer(std::string_view key) const {
    std::string out = at_ + "/";
    for (const char c : key) {
      if (c == '~') {
        out += "~0";
      } else if (c == '/') {
        out += "~1";
      } else {
        out += c;
      }
    }
    return out;
  }

  [[nodiscard]] static std::optional<Millis> parse_duration(std::string_view text) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0) return std::nullopt;
    const auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
    const std::int64_t scale = unit == "ms"  ? 1
                               : unit == "s" ? 1000
                               : unit == "m" ? 60'000
                               : unit == "h" ? 3'600'000
                               : unit == "d" ? 86'400'000
                                             : 0;
    if (scale == 0 || count > std::numeric_limits<std::int64_t>::max() / scale) return std::nullopt;
    return Millis(count * scale);
  }

 private:
  [[nodiscard]] const nlohmann::json* find(std::string_view key) const {
    if (!document_.is_object()) return nullptr;
    const auto found = document_.find(std::string(key));
    return found != document_.end() && !found->is_null() ? &*found : nullptr;
  }
  [[noreturn]] void fail(std::string_view key, const std::string& text) const { throw ConfigError(pointer(key), text); }

  nlohmann::json document_;
  const detail::Runtime* runtime_;
  std::string at_;
};

}  // namespace belfry::sdk
