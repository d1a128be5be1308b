#include "store/inspection.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace belfry::store {
namespace {

constexpr std::array<std::pair<ListedState, std::string_view>, 9> kStates{{
    {ListedState::waiting, "waiting"},
    {ListedState::in_flight, "in_flight"},
    {ListedState::backoff, "backoff"},
    {ListedState::held, "held"},
    {ListedState::delivered, "delivered"},
    {ListedState::rejected, "rejected"},
    {ListedState::expired, "expired"},
    {ListedState::discarded, "discarded"},
    {ListedState::dead, "dead"},
}};

}  // namespace

std::string_view to_string(ListedState state) { return std::ranges::find(kStates, state, &decltype(kStates)::value_type::first)->second; }

std::optional<ListedState> listed_state(std::string_view name) {
  const auto* found = std::ranges::find(kStates, name, &decltype(kStates)::value_type::second);
  if (found == kStates.end()) return std::nullopt;
  return found->first;
}

std::string repeated_id(std::string_view detail) {
  const auto found = detail.rfind(kAsNotification);
  return found == std::string_view::npos ? std::string() : std::string(detail.substr(found + kAsNotification.size()));
}

}  // namespace belfry::store
