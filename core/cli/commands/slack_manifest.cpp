#include <iostream>

#include "cli/commands/commands.hpp"
#include "cli/commands/slack_manifest.hpp"
#include "cli/slack_manifest_data.hpp"

namespace belfry::cli {
namespace {

constexpr std::string_view kPlaceholder = "@REQUEST_URL@";

// Slack's manifest reference: an absolute http(s) URL of at most 3,500 characters. Quotes and white space would break the YAML around it.
bool usable(const std::string& url) {
  constexpr std::size_t kLongest = 3'400;
  const bool web = url.starts_with("https://") || url.starts_with("http://");
  return web && url.size() <= kLongest && url.find_first_of(" \t\r\n\"'\\<>") == std::string::npos && url.find("://") + 3 < url.size();
}

// Removes the lines from the first one with `from` to the next one with `to`, both included.
void remove_lines(std::string& text, std::string_view from, std::string_view to) {
  const auto begin = text.rfind('\n', text.find(from)) + 1;
  const auto end = text.find('\n', text.find(to, begin)) + 1;
  text.erase(begin, end - begin);
}

}  // namespace

std::optional<std::string> slack_manifest(Interactivity interactivity, const std::string& url, const std::string& path) {
  constexpr std::string_view kSocketModeOff = "socket_mode_enabled: false";
  std::string manifest = kSlackManifest;
  if (interactivity == Interactivity::url) {
    auto base = url;
    while (base.ends_with('/')) base.pop_back();
    const auto request_url = base + path;
    if (!usable(url) || !usable(request_url) || !path.starts_with('/')) return std::nullopt;
    for (auto at = manifest.find(kPlaceholder); at != std::string::npos; at = manifest.find(kPlaceholder, at)) {
      manifest.replace(at, kPlaceholder.size(), request_url);
    }
    return manifest;
  }
  remove_lines(manifest, "# @REQUEST_URL@", "# @REQUEST_URL@");
  remove_lines(manifest, interactivity == Interactivity::socket_mode ? "    request_url:" : "  interactivity:", kPlaceholder);
  if (interactivity == Interactivity::socket_mode)
    manifest.replace(manifest.find(kSocketModeOff), kSocketModeOff.size(), "socket_mode_enabled: true");
  return manifest;
}

int slack_manifest_command(Interactivity interactivity, const std::string& url, const std::string& path) {
  const auto manifest = slack_manifest(interactivity, url, path);
  if (!manifest) {
    std::cerr
        << "belfry slack manifest: --url must be the public base URL of this gateway, such as https://belfry.example.com, and --path a "
           "path, such as /slack/events\n";
    return 1;
  }
  // As comments, so that the whole output can be pasted.
  std::cout << *manifest << "\n# After creating the app, install it to the workspace. Belfry then needs\n"
            << "# - bot_token: the Bot User OAuth Token (xoxb-...), under OAuth & Permissions\n";
  if (interactivity == Interactivity::url) std::cout << "# - signing_secret: the Signing Secret, under Basic Information\n";
  if (interactivity == Interactivity::socket_mode) {
    std::cout
        << "# - app_token: an app-level token (xapp-...), which a manifest cannot create: under Basic Information, App-Level Tokens,\n"
           "#   Generate Token and Scopes, with the scope connections:write\n";
  }
  return 0;
}

}  // namespace belfry::cli
