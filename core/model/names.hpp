// Names of the model's enumerators in metrics, logs, JSON and the store. They must not change; see docs/reference.
#pragma once
#include <array>
#include <optional>
#include <string_view>

#include "model/delivery.hpp"

namespace belfry::model {

[[nodiscard]] std::string_view to_string(OutcomeCode code);
[[nodiscard]] std::string_view to_string(LimitScope scope);
[[nodiscard]] std::string_view to_string(Audience audience);
[[nodiscard]] std::string_view to_string(DeliveryState state);
[[nodiscard]] std::string_view to_string(DeliveryKind kind);

template <class Enum>
[[nodiscard]] std::optional<Enum> from_string(std::string_view word);
template <>
std::optional<OutcomeCode> from_string(std::string_view word);
template <>
std::optional<LimitScope> from_string(std::string_view word);
template <>
std::optional<Audience> from_string(std::string_view word);
template <>
std::optional<DeliveryState> from_string(std::string_view word);
template <>
std::optional<DeliveryKind> from_string(std::string_view word);

// Severities of a notification, which may also have none.
inline constexpr std::array<std::string_view, 4> kSeverities{"info", "warning", "error", "critical"};
[[nodiscard]] bool is_severity(std::string_view word);

// Returns `reason` if it is a slug [a-z_]{1,40}, else "unspecified".
[[nodiscard]] std::string_view checked_reason(std::string_view reason);

}  // namespace belfry::model
