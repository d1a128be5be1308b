// Complete requests to Slack, for people to read in review. BELFRY_UPDATE_GOLDEN=1 rewrites the expected halves.
//   markdown/NAME.txt  a body in Markdown, a line of dashes, its blocks
//   message/NAME.txt   a message document (and "look": "links"), a line of dashes, the requests
//   coder/NAME.json    the requests for the Coder payload NAME of tests/fixtures/coder, and of BELFRY_CODER_FIXTURES where that names a
//   directory
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "belfry/testkit/messages.hpp"
#include "plugins/slack/block_kit_check.hpp"
#include "slack/message/payload.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using slack_test::check_post;
using testing::IsEmpty;
namespace fs = std::filesystem;

const RenderOptions kButtons = {.coder_url = "https://coder.example.com", .buttons = true};
const RenderOptions kLinks = {.coder_url = "https://coder.example.com", .buttons = false};
const std::string kBorder = std::string(80, '-') + "\n";

fs::path root() { return std::getenv("BELFRY_SOURCE_DIR"); }
fs::path golden() { return root() / "tests/golden/slack"; }

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::string content(const fs::path& file) {
  std::ifstream in(file);
  return (std::stringstream() << in.rdbuf()).str();
}

void compare(const fs::path& file, const std::string& before, const std::string& made) {
  if (std::getenv("BELFRY_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << before << made;
  } else {
    EXPECT_EQ(content(file).substr(before.size()), made) << file;
  }
}

// The half before the line of dashes, and the line.
std::string input(const fs::path& file) {
  const std::string text = content(file);
  const std::size_t border = text.find("\n" + kBorder);
  EXPECT_NE(border, std::string::npos) << file;
  return text.substr(0, border + 1) + kBorder;
}

std::string requests(const json& document, const RenderOptions& options) {
  const Message message(document);
  const json blocks = json::parse(message_payload(message, "U1", options));
  const json text = json::parse(text_only_payload(message, "U1", options));
  EXPECT_THAT(check_post(blocks), IsEmpty());
  EXPECT_THAT(check_post(text), IsEmpty());
  return json{{"post", blocks}, {"text_only", text}}.dump(2) + "\n";
}

// A readable listing: the type of each block and its text as sent.
std::string listing(const json& blocks) {
  std::string out;
  for (const json& block : blocks) {
    out += "[" + block["type"].get<std::string>() + "]\n";
    if (block.contains("text")) out += block["text"]["text"].get<std::string>() + "\n";
  }
  return out;
}

json document_of(const json& coder) {
  const json& payload = coder["payload"];
  json document = testkit::notification();
  json& item = document["items"][0];
  item["msg_id"] = coder["msg_id"];
  for (const char* key : {"title", "title_markdown", "body", "body_markdown"}) item[key] = coder.value(key, "");
  item["name"] = payload.value("notification_name", "");
  item["recipient"] = {{"email", payload.value("user_email", "")}, {"name", payload.value("user_name", "")}};
  item["actions"] = payload["actions"].is_array() ? payload["actions"] : json::array();
  return document;
}

TEST(Golden, Markdown) {
  const auto files = files_in(golden() / "markdown");
  for (const fs::path& file : files) {
    SCOPED_TRACE(file);
    const std::string before = input(file);
    json document = testkit::notification();
    document["items"][0]["body_markdown"] = before.substr(0, before.size() - kBorder.size());
    document["items"][0]["actions"] = json::array();
    RenderOptions options = kButtons;
    options.footer = false;
    const json made = json::parse(message_payload(Message(document), "U1", options));
    EXPECT_THAT(check_post(made), IsEmpty());
    EXPECT_THAT(check_post(json::parse(text_only_payload(Message(document), "U1", options))), IsEmpty());
    json blocks = made["blocks"];
    blocks.erase(0);  // the header
    compare(file, before, listing(blocks));
  }
  EXPECT_GE(files.size(), 25u);
}

TEST(Golden, Messages) {
  const auto files = files_in(golden() / "message");
  for (const fs::path& file : files) {
    SCOPED_TRACE(file);
    const std::string before = input(file);
    json document = json::parse(before.substr(0, before.size() - kBorder.size()));
    const RenderOptions options = document.value("look", "") == "links" ? kLinks : kButtons;
    document.erase("look");
    compare(file, before, requests(document, options));
  }
  EXPECT_GE(files.size(), 8u);
}

TEST(Golden, CoderPayloads) {
  std::vector<fs::path> folders = {root() / "tests/fixtures/coder"};
  if (const char* real = std::getenv("BELFRY_CODER_FIXTURES"); real != nullptr && *real != '\0') folders.emplace_back(real);
  for (const fs::path& folder : folders) {
    for (const fs::path& file : files_in(folder)) {
      if (file.extension() != ".json") continue;
      SCOPED_TRACE(file);
      compare(golden() / "coder" / file.filename(), "", requests(document_of(json::parse(content(file))), kButtons));
    }
  }
}

}  // namespace
}  // namespace belfry::slack
