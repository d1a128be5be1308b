// Shared state of the handlers of the operator's pages, and one request to a page. Private to core/api/web.
// Thread rule: the context is immutable, any thread; a visit belongs to one handler at a time.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/operators/operator_backend.hpp"
#include "api/web/gate.hpp"
#include "api/web/page_writer.hpp"
#include "api/web/pages.hpp"
#include "net/server/router.hpp"

namespace belfry::api::web {

struct PageContext {
  PageDependencies parts;
  Gate gate;
  PageWriter writer = {};
  base::TimeZone zone = base::TimeZone::of_machine();

  [[nodiscard]] TimeText times() const;
};

// An admitted request that waits for its page. Reply to it once.
struct Visit {
  std::shared_ptr<const PageContext> context;
  Visitor visitor;
  std::string path;
  Fields query;
  Fields form;  // of a POST; without the CSRF token
  net::Reply reply;

  void show(std::string_view page, PageContent content, int status = 200);
  void refuse(int status, const std::string& message);
  // 400 for ErrorCode::invalid, 404 for not_found, else 503.
  void refuse(const base::Error& error);
  void go_to(const std::string& location) { reply(redirect(location)); }
  // Refuses a query with other parameters. False: it was refused.
  [[nodiscard]] bool has_only(const std::vector<std::string_view>& parameters);
};

using PageHandler = std::function<void(Visit)>;

// The pages, by what they show or do.
void show_overview(Visit visit);
void show_deliveries(Visit visit);
void show_dead_letters(Visit visit);
void show_delivery(Visit visit);
void show_why(Visit visit);
void show_audit(Visit visit);
void show_bulk(Visit visit);
void show_job(Visit visit);
void show_preview(Visit visit);

void change_deliveries(Visit visit);
void begin_bulk(Visit visit);
void release_sink(Visit visit);
void run_preview(Visit visit);

// The filter of a query or a form; `state` replaces its state, unless it is empty.
[[nodiscard]] base::Result<store::Filter> filter_of(const Visit& visit, const Fields& fields, const std::string& state);

// The reason in a form: one line of at most kMaxReason bytes; a discard needs one.
[[nodiscard]] base::Result<std::string> reason_of(const Fields& form, BulkAction action);
[[nodiscard]] base::Result<BulkAction> action_of(const Fields& fields);

}  // namespace belfry::api::web
