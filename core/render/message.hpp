// A due delivery becomes the message that a sink gets. Pure.
#pragma once
#include <vector>

#include "model/message.hpp"

namespace belfry::render {

// `items`: of the delivery, in accept order; at least one. The message is sensitive when the delivery or any item is.
[[nodiscard]] model::Message message_of(model::Delivery delivery, std::vector<model::Notification> items);

}  // namespace belfry::render
