#include "model/names.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace belfry::model {
namespace {

template <class Enum>
using Word = std::pair<Enum, std::string_view>;

constexpr std::array<Word<OutcomeCode>, 5> kOutcomes{{{OutcomeCode::delivered, "delivered"},
                                                      {OutcomeCode::retry, "retry"},
                                                      {OutcomeCode::rate_limited, "rate_limited"},
                                                      {OutcomeCode::rejected, "rejected"},
                                                      {OutcomeCode::misconfigured, "misconfigured"}}};
constexpr std::array<Word<LimitScope>, 4> kScopes{{{LimitScope::none, "none"},
                                                   {LimitScope::recipient, "recipient"},
                                                   {LimitScope::method, "method"},
                                                   {LimitScope::credential, "credential"}}};
constexpr std::array<Word<Audience>, 2> kAudiences{{{Audience::direct, "direct"}, {Audience::shared, "shared"}}};
constexpr std::array<Word<DeliveryState>, 6> kStates{{{DeliveryState::waiting, "waiting"},
                                                      {DeliveryState::in_flight, "in_flight"},
                                                      {DeliveryState::delivered, "delivered"},
                                                      {DeliveryState::rejected, "rejected"},
                                                      {DeliveryState::expired, "expired"},
                                                      {DeliveryState::discarded, "discarded"}}};
constexpr std::array<Word<DeliveryKind>, 2> kKinds{{{DeliveryKind::notification, "notification"}, {DeliveryKind::digest, "digest"}}};

template <class Table, class Enum>
std::string_view word_of(const Table& table, Enum value) {
  const auto* found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.first == value; });
  return found == table.end() ? "unknown" : found->second;
}

template <class Enum, class Table>
std::optional<Enum> value_of(const Table& table, std::string_view word) {
  const auto* found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.second == word; });
  if (found == table.end()) return std::nullopt;
  return found->first;
}

}  // namespace

std::string_view to_string(OutcomeCode code) { return word_of(kOutcomes, code); }
std::string_view to_string(LimitScope scope) { return word_of(kScopes, scope); }
std::string_view to_string(Audience audience) { return word_of(kAudiences, audience); }
std::string_view to_string(DeliveryState state) { return word_of(kStates, state); }
std::string_view to_string(DeliveryKind kind) { return word_of(kKinds, kind); }

template <>
std::optional<OutcomeCode> from_string(std::string_view word) {
  return value_of<OutcomeCode>(kOutcomes, word);
}
template <>
std::optional<LimitScope> from_string(std::string_view word) {
  return value_of<LimitScope>(kScopes, word);
}
template <>
std::optional<Audience> from_string(std::string_view word) {
  return value_of<Audience>(kAudiences, word);
}
template <>
std::optional<DeliveryState> from_string(std::string_view word) {
  return value_of<DeliveryState>(kStates, word);
}
template <>
std::optional<DeliveryKind> from_string(std::string_view word) {
  return value_of<DeliveryKind>(kKinds, word);
}

bool is_severity(std::string_view word) { return std::ranges::find(kSeverities, word) != kSeverities.end(); }

std::string_view checked_reason(std::string_view reason) {
  constexpr std::size_t kMaxLength = 40;
  const bool slug = !reason.empty() && reason.size() <= kMaxLength &&
                    std::all_of(reason.begin(), reason.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return slug ? reason : "unspecified";
}

}  // namespace belfry::model
