// What Slack says over a Socket Mode connection (docs.slack.dev, "Using Socket Mode"). Functions of their arguments only: any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace belfry::slack {

struct Said {
  enum class Kind {
    nothing,     // no JSON, or nothing that this knows: to be ignored
    hello,       // the connection is in use from now on
    disconnect,  // it is going to be closed; `reason` says why
    envelope,    // something for the app; `acknowledgement` goes back within 3 s
  };
  Kind kind = Kind::nothing;
  std::string reason;
  std::string acknowledgement;  // empty: what came is malformed, and HTTP would have been answered 400

  bool operator==(const Said&) const = default;
};

[[nodiscard]] Said read_said(std::string_view text);

}  // namespace belfry::slack
