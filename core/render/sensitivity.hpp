// Whether a message is sensitive. Pure.
#pragma once
#include "model/message.hpp"

namespace belfry::render {

// Marks the message as sensitive if its delivery or any of its notifications is.
void mark_sensitive(model::Message& message);

}  // namespace belfry::render
