// An object in the JSON body of a request, with known members.
// Thread rule: a value type.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "net/http.hpp"

namespace belfry::api {

class JsonObject {
 public:
  using Names = std::vector<std::string_view>;

  // The body of a request; an empty body is an empty object. The error is the response: 415 if the body is not application/json, 400 if it
  // is not an object, has a member that is not in `allowed`, or has one twice.
  [[nodiscard]] static std::expected<JsonObject, net::ServerResponse> of_body(const net::ServerRequest& request, const Names& allowed);

  // All readers below: ErrorCode::invalid if the member has another type, with what to write instead.

  // One line of text of at most `max_bytes`, without the spaces around it; nullopt: absent, null or empty.
  [[nodiscard]] base::Result<std::optional<std::string>> line(std::string_view name, std::size_t max_bytes) const;
  // The same with line breaks.
  [[nodiscard]] base::Result<std::optional<std::string>> lines(std::string_view name, std::size_t max_bytes) const;
  [[nodiscard]] base::Result<bool> flag(std::string_view name) const;  // false if absent
  [[nodiscard]] base::Result<std::vector<std::string>> texts(std::string_view name, std::size_t max_bytes) const;
  [[nodiscard]] base::Result<JsonObject> object(std::string_view name, const Names& allowed) const;

  [[nodiscard]] bool has(std::string_view name) const;  // and is not null

 private:
  JsonObject(nlohmann::json document, std::string prefix) : document_(std::move(document)), prefix_(std::move(prefix)) {}
  [[nodiscard]] static base::Result<JsonObject> check(nlohmann::json document, std::string prefix, const Names& allowed);
  [[nodiscard]] std::string path(std::string_view name) const { return prefix_ + std::string(name); }
  [[nodiscard]] base::Result<std::optional<std::string>> text(std::string_view name, std::size_t max_bytes, bool one_line) const;

  nlohmann::json document_;
  std::string prefix_;  // "filter."
};

}  // namespace belfry::api
