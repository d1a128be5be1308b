// Passes recipients' time zones, as sinks report them, to delivery::RecipientZones.
#pragma once
#include "delivery/recipient_zones.hpp"
#include "plugin/contract/backends.hpp"

namespace belfry::app {

class RecipientZonesBackend final : public plugin::RecipientsBackend {
 public:
  explicit RecipientZonesBackend(delivery::RecipientZones& zones) : zones_(zones) {}

  void set_time_zone(std::string_view sink, std::string_view email, std::string_view zone) override {
    zones_.set(sink, std::string(email), std::string(zone));
  }

 private:
  delivery::RecipientZones& zones_;
};

}  // namespace belfry::app
