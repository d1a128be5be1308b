#include "cli/init_files.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <system_error>

#include "cli/admin_client.hpp"
#include "cli/shipped_configuration.hpp"

namespace belfry::cli {
namespace {

constexpr std::string_view kWhereToken = "it is under OAuth & Permissions of your app at https://api.slack.com/apps";

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F; });
}

// `line` occurs exactly once in the shipped configuration; a test checks that.
void replace_line(std::string& text, std::string_view line, const std::string& with) { text.replace(text.find(line), line.size(), with); }

}  // namespace

std::optional<std::string> bot_token_problem(std::string_view text) {
  const auto where = [](std::string_view what) { return std::string(what) + "; " + std::string(kWhereToken); };
  if (text.empty()) return where("the bot token is empty");
  if (text.starts_with("xapp-")) return where("that is an app-level token (xapp-...), the bot token begins with xoxb-");
  if (text.starts_with("xoxp-") || text.starts_with("xoxe.xoxp-"))
    return where("that is a user token (xoxp-...), the bot token begins with xoxb-");
  std::string_view rest = text;
  for (const std::string_view prefix : {"xoxb-", "xoxe.xoxb-"}) {
    if (text.starts_with(prefix)) rest = text.substr(prefix.size());
  }
  const bool plain = std::ranges::all_of(
      rest, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; });
  if (rest.size() == text.size()) return where("that is not a bot token, which begins with xoxb- or xoxe.xoxb-");
  if (rest.empty() || !plain) return where("the bot token is malformed: xoxb- must be followed by letters, digits and - only");
  return std::nullopt;
}

std::optional<std::string> signing_secret_problem(std::string_view text) {
  if (text.starts_with("xox") || text.starts_with("xapp-"))
    return "that is a token; the signing secret is under Basic Information of your app at https://api.slack.com/apps";
  if (text.empty() || !is_visible_ascii(text))
    return "the signing secret is one word of letters and digits, under Basic Information of your app at https://api.slack.com/apps";
  return std::nullopt;
}

std::optional<std::string> app_token_problem(std::string_view text) {
  constexpr std::string_view kPrefix = "xapp-";
  if (!text.starts_with(kPrefix) || text == kPrefix || !is_visible_ascii(text))
    return "the app-level token begins with xapp-; create it under Basic Information of your app at https://api.slack.com/apps, with the "
           "scope connections:write";
  return std::nullopt;
}

std::optional<std::string> webhook_password_problem(std::string_view text) {
  constexpr std::size_t kShortest = 12;
  if (text.size() < kShortest || !is_visible_ascii(text))
    return "the webhook password needs at least 12 characters without spaces; omit it to have one generated";
  return std::nullopt;
}

base::Secret new_webhook_password() {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::system_error(errno, std::generic_category(), "getrandom");
  std::string text;
  for (const auto byte : bytes) text += kAlphabet[byte % kAlphabet.size()];  // 64 divides 256
  return base::Secret(std::move(text));
}

base::Result<std::string> configuration_text(const ConfigLocation& location, const std::string& listen) {
  std::string text = kShippedConfiguration;
  if (!listen.empty()) replace_line(text, R"(listen: "127.0.0.1:${env:PORT:-6000}")", "listen: \"" + listen + "\"");
  if (location.packaged) return text;
  const auto directory = location.directory.string();
  if (directory.find_first_of("\"\\$\n\r\t") != std::string::npos)
    return base::fail("the path " + directory + " has a character that the configuration would have to escape; choose another directory");
  constexpr std::size_t kLongestSocket = 107;  // sun_path of unix(7)
  const auto socket = directory + "/admin.sock";
  const auto unix_address = socket.size() <= kLongestSocket ? "\"unix:" + socket + "\", " : std::string();
  replace_line(text, "# Belfry: /etc/belfry/belfry.yaml", "# Belfry: " + directory + "/belfry.yaml");
  replace_line(text, R"(listen: ["unix:/run/belfry/admin.sock", "127.0.0.1:9664"])", "listen: [" + unix_address + "\"127.0.0.1:9664\"]");
  replace_line(text, "path: /var/lib/belfry/belfry.db", "path: \"" + directory + "/state/belfry.db\"");
  replace_line(text, "plugins:\n  directories: [/usr/lib/belfry/plugins, /usr/local/lib/belfry/plugins]\n",
               "# plugins: { directories: [/usr/lib/belfry/plugins, /usr/local/lib/belfry/plugins] }\n");
  return text;
}

std::string coder_environment(const std::string& listen, const std::string& host, const base::Secret& password) {
  const auto address = listen.empty() ? std::string("127.0.0.1:6000") : listen;
  const auto colon = address.rfind(':');
  const auto named = address.substr(0, colon);
  const bool everywhere = named == "0.0.0.0" || named == "[::]";
  return "CODER_NOTIFICATIONS_METHOD=webhook\nCODER_NOTIFICATIONS_WEBHOOK_ENDPOINT=http://coder:" + percent_encoded(password.reveal()) +
         "@" + (everywhere ? host : named) + address.substr(colon) + "/v1/webhook\n";
}

}  // namespace belfry::cli
