#include "render/sensitivity.hpp"

#include <algorithm>

namespace belfry::render {

void mark_sensitive(model::Message& message) {
  auto& sensitive = message.delivery.sensitive;
  sensitive = sensitive || std::ranges::any_of(message.items, &model::Notification::sensitive);
}

}  // namespace belfry::render
