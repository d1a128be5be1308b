#include <iostream>

#include "app/commands/commands.hpp"
#include "app/slack_manifest_data.hpp"

namespace belfry::app {
namespace {

constexpr std::string_view kPlaceholder = "@REQUEST_URL@";

// Slack's manifest reference: an absolute http(s) URL of at most 3,500 characters. Quotes and white space would break the YAML around it.
bool usable(const std::string& url) {
  constexpr std::size_t kLongest = 3'400;
  const bool web = url.starts_with("https://") || url.starts_with("http://");
  return web && url.size() <= kLongest && url.find_first_of(" \t\r\n\"'\\<>") == std::string::npos && url.find("://") + 3 < url.size();
}

}  // namespace

int slack_manifest_command(const std::string& url) {
  if (!usable(url)) {
    std::cerr << "belfry slack manifest: --url must be the public base URL of this gateway, such as https://belfry.example.com\n";
    return 1;
  }
  auto base = url;
  while (base.ends_with('/')) base.pop_back();
  std::string manifest = kSlackManifest;
  for (auto at = manifest.find(kPlaceholder); at != std::string::npos; at = manifest.find(kPlaceholder, at)) {
    manifest.replace(at, kPlaceholder.size(), base + "/slack/events");
  }
  std::cout << manifest;
  return 0;
}

}  // namespace belfry::app
