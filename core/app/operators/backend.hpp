// The operators' work behind the admin API and the pages, on the services of the gateway.
// Thread rule: any thread.
#pragma once
#include <memory>

#include "api/operators/operator_backend.hpp"
#include "app/operators/bulk_jobs.hpp"
#include "app/operators/services.hpp"

namespace belfry::app {

// `jobs` outlive a reload, which replaces the backend.
[[nodiscard]] api::OperatorBackend operator_backend(const OperatorServices& services, std::shared_ptr<BulkJobs> jobs);

}  // namespace belfry::app
