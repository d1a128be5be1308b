// The HTML of the operator's pages: Mustache templates from pages/*.html, compiled into the program. Every value is escaped by
// escape_html(); the templates contain no unescaped tags.
// Thread rule: immutable, any thread.
#pragma once
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace belfry::api::web {

class Templates {
 public:
  // A malformed page is a bug of the build: throws std::logic_error.
  Templates();
  ~Templates();
  Templates(const Templates&) = delete;
  Templates& operator=(const Templates&) = delete;

  // `page`: name of a file in pages/, without ".html". `model`: the values of the page and of the layout. False, null, empty texts and
  // empty lists skip their sections. Throws std::out_of_range for an unknown page.
  [[nodiscard]] std::string render(std::string_view page, const nlohmann::json& model) const;

 private:
  struct Compiled;
  std::map<std::string, std::unique_ptr<Compiled>, std::less<>> pages_;
};

// The templates themselves, for tests: the layout with the page in it.
[[nodiscard]] std::string page_source(std::string_view layout, std::string_view page);

}  // namespace belfry::api::web
