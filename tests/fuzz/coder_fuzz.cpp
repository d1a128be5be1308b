// Parses arbitrary bytes as a webhook body. The result is either an error of one printable line, or a notification that satisfies the
// guarantees in its header. Input: X-Message-Id header, '\n', body; without a '\n', only the body.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "model/codec.hpp"
#include "source/coder.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool clean(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < 0x20 && c != '\n' && c != '\t') || c == 0x7F; });
}

void check(const belfry::base::Error& error) {
  require(error.code == belfry::base::ErrorCode::invalid && !error.message.empty() && error.message.size() < 512);
  require(std::ranges::all_of(error.message, [](char c) { return c >= 0x20 && c < 0x7F; }));
}

void check(const belfry::model::Notification& n) {
  require(n.id == "fresh" && !n.msg_id.empty() && n.msg_id.size() <= 200 && !n.title.empty() && !n.body.empty());
  require(n.data.is_null() || n.data.is_object());
  for (const auto* text : {&n.msg_id, &n.title, &n.body, &n.name, &n.recipient.email}) require(clean(*text));
  for (const auto& [key, value] : n.labels) require(clean(key) && clean(value));
  const auto again = belfry::model::decode_notification(belfry::model::encode(n));
  require(again && *again == n);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view body(reinterpret_cast<const char*>(bytes), size);
  std::optional<std::string_view> header;
  if (const auto end = body.find('\n'); end != std::string_view::npos) {
    header = body.substr(0, end);
    body.remove_prefix(end + 1);
  }
  const auto result = belfry::source::parse_coder({body, header}, {.source = "coder", .id = "fresh", .received_at = {}});
  if (result) {
    check(*result);
  } else {
    check(result.error());
  }
  return 0;
}
