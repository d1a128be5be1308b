// message: a due delivery with its text, as a sink gets it. JSON form: sdk/message.schema.json, version 1.
#pragma once
#include <string>
#include <vector>

#include "model/delivery.hpp"

namespace belfry::model {

struct Message {
  Delivery delivery;
  std::vector<Notification> items;  // one for a notification, one or more for a digest, in accept order
};

}  // namespace belfry::model
