// A due delivery becomes the message that a sink gets. Pure.
#pragma once
#include "model/message.hpp"

namespace belfry::render {

// A message is sensitive when its delivery or any of its notifications is.
void mark_sensitive(model::Message& message);

}  // namespace belfry::render
