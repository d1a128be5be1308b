// Builds the responses of the operator's pages: the layout around a page, and the headers that let a browser run nothing, load nothing
// from elsewhere, and show the page in no frame.
// Thread rule: immutable, any thread.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "api/web/shown.hpp"
#include "api/web/templates.hpp"
#include "net/http.hpp"

namespace belfry::api::web {

// The operator for whom a page is made.
struct Visitor {
  std::string name;     // "ada (uid 1000)", "token alice"; empty: not logged in
  std::string csrf;     // to be sent with each form
  std::string session;  // id; empty: none, as over a Unix socket
};

struct PageContent {
  std::string title;
  nlohmann::json model = nlohmann::json::object();
};

class PageWriter {
 public:
  // `current`: the path of the entry in the navigation that the page belongs to.
  [[nodiscard]] net::ServerResponse page(int status, std::string_view name, PageContent content, const Visitor& visitor,
                                         std::string_view current, const TimeText& times) const;
  // `message`: one sentence. `back`: the link below it; by default to the overview, if the visitor may see it.
  [[nodiscard]] net::ServerResponse error(int status, const std::string& message, const Visitor& visitor, const TimeText& times,
                                          const std::string& back = {}) const;

 private:
  Templates templates_;
};

[[nodiscard]] net::ServerResponse redirect(const std::string& location);
[[nodiscard]] net::ServerResponse stylesheet();
[[nodiscard]] net::ServerResponse icon();

}  // namespace belfry::api::web
