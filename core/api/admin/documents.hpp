// The JSON documents of the admin API. Shapes: docs/reference/openapi.yaml.
// Thread rule: pure.
#pragma once
#include <nlohmann/json.hpp>

#include "api/operators/operator_backend.hpp"

namespace belfry::api {

[[nodiscard]] nlohmann::json document(const store::ListedDelivery& listed);
[[nodiscard]] nlohmann::json document(const store::DeliveryPage& page);
[[nodiscard]] nlohmann::json document(const ShownNotification& shown);
[[nodiscard]] nlohmann::json document(const store::Changed& changed);
[[nodiscard]] nlohmann::json document(const BulkJob& job);
[[nodiscard]] nlohmann::json document(const WhyAnswer& answer);
[[nodiscard]] nlohmann::json document(const store::OperatorAction& action);

}  // namespace belfry::api
