#include "api/web/pages.hpp"

#include "api/web/page_context.hpp"
#include "net/server/admission.hpp"

namespace belfry::api::web {
namespace {

using Context = std::shared_ptr<const PageContext>;

constexpr std::size_t kMaxForm = 128UL * 1024;          // 1,000 ids and a reason
constexpr std::size_t kMaxPreviewForm = 1024UL * 1024;  // a payload, percent-encoded

bool is_read(const net::ServerRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

std::optional<net::ServerResponse> refuse_forged(const Context& context, const net::ServerRequest& request) {
  const auto forged = context->gate.refuse_forged(request);
  if (!forged) return std::nullopt;
  return context->writer.error(forged->status, forged->why, context->gate.anonymous(), context->times());
}

// Refuses requests of other sites, and sends visitors who are not logged in to the login page.
std::optional<net::ServerResponse> refuse(const Context& context, const net::ServerRequest& request) {
  if (auto forged = refuse_forged(context, request)) return forged;
  if (context->gate.visitor_of(request)) return std::nullopt;
  if (!is_read(request))
    return context->writer.error(403, "you are not logged in, and nothing was changed; log in and retry", context->gate.anonymous(),
                                 context->times(), "/login");
  const auto wanted = request.path + (request.query.empty() ? "" : "?" + request.query);
  return redirect(wanted == "/" ? "/login" : address("/login", {{"next", wanted}}));
}

// The handler may run later than the admission: both find the visitor.
void handle(const Context& context, const net::ServerRequest& request, net::Reply reply, const PageHandler& handler) {
  const auto visitor = context->gate.visitor_of(request);
  if (!visitor) return reply(redirect("/login"));
  Visit visit{context, *visitor, request.path, {}, {}, std::move(reply)};
  auto query = Fields::parse(request.query);
  if (!query) return visit.refuse(query.error());
  visit.query = *std::move(query);
  if (!is_read(request)) {
    auto form = Gate::read_form(request, visit.visitor);
    if (!form) return visit.refuse(form.error().status, form.error().why);
    visit.form = *std::move(form);
  }
  handler(std::move(visit));
}

net::RequestHandler admitted(const Context& context, std::function<void(const net::ServerRequest&, net::Reply)> answer) {
  return net::AdmittingHandler{
      [context](const net::ServerRequest& head) { return refuse(context, head); },
      [answer = std::move(answer)](const net::ServerRequest& request, net::Reply reply) { answer(request, std::move(reply)); }};
}

// A path that shows a page, changes something, or both. Null: the path does not have it.
net::HttpRoute route(const Context& context, const PageHandler& show, const PageHandler& change = {}, std::size_t max_body = kMaxForm) {
  std::set<std::string> methods;
  if (show) methods.insert("GET");
  if (change) methods.insert("POST");
  return {std::move(methods),
          admitted(context,
                   [context, show, change](const net::ServerRequest& request, net::Reply reply) {
                     handle(context, request, std::move(reply), is_read(request) ? show : change);
                   }),
          max_body, std::string(kApiOwner)};
}

void show_login(const Context& context, const net::ServerRequest& request, net::Reply reply) {
  if (context->gate.visitor_of(request)) return reply(redirect("/"));
  const auto query = Fields::parse(request.query);
  nlohmann::json model{{"error", nullptr}, {"next", safe_path(query ? query->get("next") : "/")}};
  reply(context->writer.page(200, "login", {"Log in", std::move(model)}, context->gate.anonymous(), "/login", context->times()));
}

void log_in(const Context& context, const net::ServerRequest& request, net::Reply reply) {
  const auto nobody = context->gate.anonymous();
  const auto form = Gate::read_form(request, nobody);
  if (!form) return reply(context->writer.error(form.error().status, form.error().why, nobody, context->times()));
  const auto next = safe_path(form->get("next"));
  const auto cookie = context->gate.log_in(form->get("token"), request);
  if (!cookie) {
    nlohmann::json model{{"error", "The token is wrong."}, {"next", next}};
    auto response = context->writer.page(403, "login", {"Log in", std::move(model)}, nobody, "/login", context->times());
    response.why = "a wrong token on the login page";
    return reply(std::move(response));
  }
  auto response = redirect(next);
  response.headers.add("Set-Cookie", *cookie);
  reply(std::move(response));
}

void log_out(Visit visit) {
  auto response = redirect("/login");
  response.headers.add("Set-Cookie", visit.context->gate.log_out(visit.visitor));
  visit.reply(std::move(response));
}

net::HttpRoute login_route(const Context& context) {
  return {{"GET", "POST"},
          net::AdmittingHandler{[context](const net::ServerRequest& head) { return refuse_forged(context, head); },
                                [context](const net::ServerRequest& request, net::Reply reply) {
                                  if (is_read(request)) return show_login(context, request, std::move(reply));
                                  log_in(context, request, std::move(reply));
                                }},
          kMaxForm,
          std::string(kApiOwner)};
}

net::HttpRoute asset(net::ServerResponse (*make)()) {
  return {{"GET"}, [make](const net::ServerRequest&, net::Reply reply) { reply(make()); }, kMaxForm, std::string(kApiOwner)};
}

}  // namespace

void add_pages(net::RouteTable& table, PageDependencies parts) {
  Gate gate(parts.access, parts.sessions);
  const auto context = std::make_shared<const PageContext>(std::move(parts), std::move(gate));
  table["/"] = route(context, show_overview);
  table["/deliveries"] = route(context, show_deliveries);
  table["/dead-letters"] = route(context, show_dead_letters);
  table["/delivery"] = route(context, show_delivery);
  table["/deliveries/change"] = route(context, {}, change_deliveries);
  table["/deliveries/bulk"] = route(context, show_bulk, begin_bulk);
  table["/job"] = route(context, show_job);
  table["/sinks/release"] = route(context, {}, release_sink);
  table["/why"] = route(context, show_why);
  table["/preview"] = route(context, show_preview, run_preview, kMaxPreviewForm);
  table["/audit"] = route(context, show_audit);
  table["/login"] = login_route(context);
  table["/logout"] = route(context, {}, log_out);
  table["/operator.css"] = asset(stylesheet);
  table["/belfry.svg"] = asset(icon);
}

}  // namespace belfry::api::web
