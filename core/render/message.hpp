// Prepares the message that a sink gets for a due delivery. Pure.
#pragma once
#include "model/message.hpp"

namespace belfry::render {

// Marks the message as sensitive if its delivery or any of its notifications is.
void mark_sensitive(model::Message& message);

}  // namespace belfry::render
