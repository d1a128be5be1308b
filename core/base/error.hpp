// The error type of all expected failures. A value: copyable, no virtuals.
#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace belfry::base {

enum class ErrorCode {
  failed,   // anything else
  invalid,  // the caller's input is wrong; the message states what to write instead
  not_found,
  unavailable,  // may work later: store full, disk failing, shutting down
  timeout,
  cancelled,
};

struct Error {
  ErrorCode code = ErrorCode::failed;
  std::string message;  // one sentence for people, without a trailing full stop or newline

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

[[nodiscard]] inline std::unexpected<Error> fail(std::string message) { return fail(ErrorCode::failed, std::move(message)); }

// Prefixes the message with the operation that failed: "reload: belfry.yaml:12:5: ...".
[[nodiscard]] inline Error with_context(std::string_view doing, Error error) {
  error.message = std::string(doing) + ": " + error.message;
  return error;
}

}  // namespace belfry::base
