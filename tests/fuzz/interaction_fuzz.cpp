// Posts arbitrary requests to the interactivity path. No forged signature may verify, and each body must get a status and a short response.
// Input: content type (1 byte), timestamp, '\n', signature, '\n', body.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "slack/inbound/interaction.hpp"
#include "slack/inbound/signature.hpp"

namespace {

using namespace belfry::slack;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::string_view kTypes[] = {"application/x-www-form-urlencoded", "application/json",
                                         "application/x-www-form-urlencoded; charset=utf-8", "text/plain"};
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view type = kTypes[data[0] % 4];
  const SignedRequest request = {take_line(rest), take_line(rest), rest};

  // The fuzzer has no way to sign: the secret is not part of its input.
  static const std::vector<std::string> kSecrets = {"8f742231b10e8888abcd99yyyzzz85a5", ""};
  expect(!is_signed(request, kSecrets, 1'531'420'618), "forged");
  expect(!is_signed(request, {}, 1'531'420'618), "signed without a secret");

  const InboundPost post = {type, rest};
  const Reply reply = reply_to(post);
  expect(reply.status == 200 || reply.status == 400, "unexpected status");
  if (is_ssl_check(post)) expect(reply == Reply{} && type != "application/json", "a certificate check had an effect");
  if (reply.status == 200 && !reply.body.empty()) {
    const auto echoed = nlohmann::json::parse(reply.body, nullptr, false);
    expect(echoed.is_object() && echoed.size() == 1 && echoed["challenge"].is_string(), "not a challenge");
    expect(type == "application/json" && reply.content_type == "application/json", "a challenge from a form");
  }
  if (reply.status == 400) expect(reply.body.size() < 200 && reply.content_type.starts_with("text/plain"), "a long error message");
  return 0;
}
