#include "render/message.hpp"

#include <algorithm>
#include <utility>

namespace belfry::render {

model::Message message_of(model::Delivery delivery, std::vector<model::Notification> items) {
  delivery.sensitive = delivery.sensitive || std::ranges::any_of(items, &model::Notification::sensitive);
  return {std::move(delivery), std::move(items)};
}

}  // namespace belfry::render
