// What sinks tell about people, where the pipeline looks for it.
#pragma once
#include "delivery/recipient_zones.hpp"
#include "plugin/backends.hpp"

namespace belfry::app {

class RecipientsInZones final : public plugin::RecipientsBackend {
 public:
  explicit RecipientsInZones(delivery::RecipientZones& zones) : zones_(zones) {}

  void time_zone(std::string_view sink, std::string_view email, std::string_view zone) override {
    zones_.tell(sink, std::string(email), std::string(zone));
  }

 private:
  delivery::RecipientZones& zones_;
};

}  // namespace belfry::app
