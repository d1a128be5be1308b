// The console sink: prints each message to standard output instead of sending it. For trying out routes.
#include <unistd.h>

#include <belfry/sdk.hpp>
#include <cerrno>
#include <cstring>

#include "console/format.hpp"
#include "console_schema.hpp"

namespace belfry::console {
namespace {

class ConsoleSink final : public BlockingSink, public Renders {
 public:
  Findings configure(const Config& config) override {
    json_ = config.string("format", "text") == "json";
    return {};
  }

  Outcome deliver(Message message) override {
    if (message.forbidden_here()) {
      return Outcome::rejected("sensitive_to_shared", "the message is sensitive and the destination is shared");
    }
    return write_all(format(message));
  }

  [[nodiscard]] std::expected<nlohmann::json, std::string> render(const Message& message) const override {
    return nlohmann::json::array(
        {{{"method", "WRITE"}, {"url", "file:///dev/stdout"}, {"headers", nlohmann::json::object()}, {"body", format(message)}}});
  }

 private:
  [[nodiscard]] std::string format(const Message& message) const { return json_ ? as_json(message) : as_text(message); }

  // write(2) instead of a stream: a stream stays failed after the first error and hides how much was written.
  static Outcome write_all(std::string_view text) {
    bool begun = false;
    while (!text.empty()) {
      const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        const std::string detail = std::string("cannot write to standard output: ") + std::strerror(errno);
        return Outcome::retry("write_failed", detail).maybe_delivered(begun);
      }
      begun = true;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return Outcome::delivered();
  }

  bool json_ = false;
};

}  // namespace
}  // namespace belfry::console

// No access of its own: standard output is already open.
BELFRY_PLUGIN(belfry::console::ConsoleSink, "console", kConsoleSchema, .title = "Console: prints messages instead of sending them",
              .version = "0.1.0", .license = "Apache-2.0")
