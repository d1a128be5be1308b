#include "api/operators/query_string.hpp"

#include <algorithm>
#include <charconv>

#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"
#include "net/http.hpp"

namespace belfry::api {
namespace {

struct Parameter {
  std::string_view name, value;
};

std::vector<Parameter> split(std::string_view query) {
  std::vector<Parameter> all;
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const auto equals = std::min(part.size(), part.find('='));
    if (!part.empty()) all.push_back({part.substr(0, equals), part.substr(std::min(part.size(), equals + 1))});
  }
  return all;
}

}  // namespace

base::Result<QueryString> QueryString::parse(std::string_view text, const std::vector<std::string_view>& allowed) {
  QueryString query;
  for (const auto& [raw_name, raw_value] : split(text)) {
    const auto name = net::form_decode(raw_name).value_or(std::string(raw_name));
    if (std::ranges::find(allowed, name) == allowed.end()) {
      if (allowed.empty()) return invalid_input("this request takes no parameters, and has " + in_quotes(name));
      return invalid_input("unknown parameter " + in_quotes(name) + "; the parameters are " + listed({allowed.begin(), allowed.end()}));
    }
    const auto value = net::form_decode(raw_value);
    if (!value) return invalid_input("the parameter " + name + " has a % without two hexadecimal digits; write %25 for a percent sign");
    if (auto problem = text_problem(*value); !problem.empty()) return invalid_input("the parameter " + name + " " + problem);
    if (!query.values_.emplace(name, *value).second) return invalid_input("the parameter " + name + " occurs twice; give it once");
  }
  return query;
}

std::optional<std::string> QueryString::get(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

base::Result<std::uint64_t> QueryString::number(std::string_view name, std::uint64_t fallback, std::uint64_t min, std::uint64_t max) const {
  const auto text = get(name);
  if (!text) return fallback;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size() && value >= min && value <= max) return value;
  return invalid_input(std::string(name) + " is " + in_quotes(*text) + "; write a whole number from " + std::to_string(min) + " to " +
                       std::to_string(max));
}

bool has_parameter(std::string_view query, std::string_view name) {
  return std::ranges::any_of(split(query), [name](const Parameter& parameter) {
    return net::equal_ignoring_case(net::percent_decode(parameter.name).value_or(std::string()), name);
  });
}

}  // namespace belfry::api
