#include "source/coder.hpp"

namespace belfry::source {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr base::Timestamp kReceived{base::Millis(1'700'000'000'000)};

json valid() {
  return json::parse(R"({
    "_version": "1.1", "msg_id": "m-1", "title": "T", "title_markdown": "*T*", "body": "B", "body_markdown": "*B*",
    "payload": {
      "_version": "1.2", "notification_name": "Workspace Deleted", "notification_template_id": "f517da0b-cdc9-410f-ab89-a86107c420ed",
      "user_id": "u-1", "user_email": "Esme@Example.com", "user_name": "Esme", "user_username": "esme",
      "actions": [{"label": "View", "url": "https://x/1"}, {"label": "Other", "url": "https://x/2"}],
      "labels": {"reason": "because"}, "data": {"owner": {"email": "o@x"}, "list": [1, [2.5, null], true]}, "targets": ["t-1", "t-2"]
    }})");
}

base::Result<model::Notification> parse(std::string_view body, std::optional<std::string_view> header = {}) {
  return parse_coder({body, header}, {.source = "coder", .id = "fresh-id", .received_at = kReceived});
}

model::Notification parsed(const json& document, std::optional<std::string_view> header = {}) {
  const auto result = parse(document.dump(), header);
  EXPECT_TRUE(result) << result.error().message;
  return result.value_or(model::Notification{});
}

std::string error_of(std::string_view body, std::optional<std::string_view> header = {}) {
  const auto result = parse(body, header);
  EXPECT_FALSE(result) << body;
  if (result) return "";
  EXPECT_EQ(result.error().code, base::ErrorCode::invalid);
  EXPECT_LT(result.error().message.size(), 512U);
  for (const char c : result.error().message)
    EXPECT_TRUE(c >= 0x20 && c < 0x7F) << "not a line of printable ASCII: " << result.error().message;
  return result.error().message;
}

json with(std::string_view pointer, json value) {
  auto document = valid();
  document[json::json_pointer(std::string(pointer))] = std::move(value);
  return document;
}

json without(std::string_view pointer) {
  auto document = valid();
  const json::json_pointer at{std::string(pointer)};
  document[at.parent_pointer()].erase(at.back());
  return document;
}

TEST(Coder, EveryField) {
  const model::Notification wanted{.id = "fresh-id",
                                   .source = "coder",
                                   .msg_id = "m-1",
                                   .received_at = kReceived,
                                   .name = "Workspace Deleted",
                                   .template_id = "f517da0b-cdc9-410f-ab89-a86107c420ed",
                                   .title = "T",
                                   .title_markdown = "*T*",
                                   .body = "B",
                                   .body_markdown = "*B*",
                                   .recipient = {.id = "u-1", .email = "Esme@Example.com", .name = "Esme", .username = "esme"},
                                   .actions = {{"View", "https://x/1"}, {"Other", "https://x/2"}},
                                   .labels = {{"reason", "because"}},
                                   .data = json::parse(R"({"owner": {"email": "o@x"}, "list": [1, [2.5, null], true]})"),
                                   .targets = {"t-1", "t-2"}};
  EXPECT_EQ(parsed(valid()), wanted);
}

TEST(Coder, TheLeastThatIsAccepted) {
  const auto n = parsed(json::parse(R"({"title":" ","body":"\n","payload":{"user_email":"","actions":null}})"));
  EXPECT_EQ(n.title, " ");
  EXPECT_EQ(n.body, "\n");
  EXPECT_EQ(n.msg_id, "fresh-id");
  EXPECT_EQ(n.recipient, model::Recipient{});
  EXPECT_TRUE(n.actions.empty());
  EXPECT_TRUE(n.labels.empty());
  EXPECT_TRUE(n.data.is_null());
  EXPECT_FALSE(n.sensitive);
}

TEST(Coder, NullIsAbsent) {
  for (const auto* pointer :
       {"/title_markdown", "/body_markdown", "/msg_id", "/_version", "/payload/notification_name", "/payload/notification_template_id",
        "/payload/user_id", "/payload/user_name", "/payload/user_username", "/payload/labels", "/payload/data", "/payload/targets",
        "/payload/actions/0/label", "/payload/actions/0/url"}) {
    EXPECT_EQ(parsed(with(pointer, nullptr)), parsed(without(pointer))) << pointer;
  }
}

TEST(Coder, RequiredFields) {
  const struct {
    const char* pointer;
    const char* error;
  } rows[] = {
      {"/title", "title: missing; it must be a non-empty string"},
      {"/body", "body: missing; it must be a non-empty string"},
      {"/payload", "payload: missing; it must be an object"},
      {"/payload/user_email", "payload.user_email: missing; it must be a string"},
      {"/payload/actions", "payload.actions: missing; it must be an array or null"},
  };
  for (const auto& row : rows) EXPECT_EQ(error_of(without(row.pointer).dump()), row.error);
  EXPECT_EQ(error_of(with("/title", "").dump()), "title: empty; it must be a non-empty string");
  EXPECT_EQ(error_of(with("/body", "").dump()), "body: empty; it must be a non-empty string");
  EXPECT_EQ(error_of(with("/title", nullptr).dump()), "title: missing; it must be a non-empty string");
  EXPECT_EQ(error_of(with("/payload/user_email", nullptr).dump()), "payload.user_email: missing; it must be a string");
  EXPECT_EQ(error_of("{}"), "title: missing; it must be a non-empty string");
}

TEST(Coder, WrongTypes) {
  const struct {
    const char* pointer;
    json value;
    const char* error;
  } rows[] = {
      {"/title", 1, "title: expected a string, found a number"},
      {"/title", {"x"}, "title: expected a string, found an array"},
      {"/body", {{"x", 1}}, "body: expected a string, found an object"},
      {"/body_markdown", true, "body_markdown: expected a string, found a boolean"},
      {"/msg_id", 5, "msg_id: expected a string, found a number"},
      {"/payload", nullptr, "payload: expected an object, found null"},
      {"/payload", "x", "payload: expected an object, found a string"},
      {"/payload", {1}, "payload: expected an object, found an array"},
      {"/payload/user_email", -1, "payload.user_email: expected a string, found a number"},
      {"/payload/user_id", 0.5, "payload.user_id: expected a string, found a number"},
      {"/payload/actions", json::object(), "payload.actions: expected an array or null, found an object"},
      {"/payload/actions", "x", "payload.actions: expected an array or null, found a string"},
      {"/payload/actions", false, "payload.actions: expected an array or null, found a boolean"},
      {"/payload/actions/0", nullptr, "payload.actions[0]: expected an object, found null"},
      {"/payload/actions/1", "x", "payload.actions[1]: expected an object, found a string"},
      {"/payload/actions/1", {1}, "payload.actions[1]: expected an object, found an array"},
      {"/payload/actions/1/url", 7, "payload.actions[1].url: expected a string, found a number"},
      {"/payload/actions/0/label", {1}, "payload.actions[0].label: expected a string, found an array"},
      {"/payload/labels", {1}, "payload.labels: expected an object or null, found an array"},
      {"/payload/labels/reason", 3, "payload.labels.reason: expected a string, found a number"},
      {"/payload/labels/reason", nullptr, "payload.labels.reason: expected a string, found null"},
      {"/payload/labels/reason", {{"a", "b"}}, "payload.labels.reason: expected a string, found an object"},
      {"/payload/data", {1}, "payload.data: expected an object or null, found an array"},
      {"/payload/data", "x", "payload.data: expected an object or null, found a string"},
      {"/payload/data", 1, "payload.data: expected an object or null, found a number"},
      {"/payload/targets", "x", "payload.targets: expected an array or null, found a string"},
      {"/payload/targets", json::object(), "payload.targets: expected an array or null, found an object"},
      {"/payload/targets/1", 1, "payload.targets[1]: expected a string, found a number"},
      {"/payload/targets/0", nullptr, "payload.targets[0]: expected a string, found null"},
  };
  for (const auto& row : rows) EXPECT_EQ(error_of(with(row.pointer, row.value).dump()), row.error) << row.pointer;
}

TEST(Coder, TheBodyIsAnObject) {
  EXPECT_EQ(error_of("[]"), "the body: expected an object, found an array");
  EXPECT_EQ(error_of("null"), "the body: expected an object, found null");
  EXPECT_EQ(error_of("\"x\""), "the body: expected an object, found a string");
  EXPECT_EQ(error_of("17"), "the body: expected an object, found a number");
  EXPECT_EQ(error_of("true"), "the body: expected an object, found a boolean");
}

TEST(Coder, NotJsonSaysAtWhichByte) {
  EXPECT_EQ(error_of(""), "the body is not JSON: it ends too early, at byte 0");
  EXPECT_EQ(error_of("   "), "the body is not JSON: it ends too early, at byte 3");
  EXPECT_EQ(error_of("{\"title\": \"x\""), "the body is not JSON: it ends too early, at byte 13");
  EXPECT_EQ(error_of("{\"title"), "the body is not JSON: it ends too early, at byte 7");
  EXPECT_EQ(error_of("<html>"), "the body is not JSON: unexpected text at byte 1");
  EXPECT_EQ(error_of("{\"title\": x}"), "the body is not JSON: unexpected text at byte 11");
  EXPECT_EQ(error_of(valid().dump() + "{"), "the body is not JSON: unexpected text at byte " + std::to_string(valid().dump().size() + 1));
  EXPECT_EQ(error_of("{\"a\": 1e999}"), "the body cannot be stored: a number is out of range at byte 11");
  EXPECT_EQ(error_of("{\"a\": \"\n\"}"), "the body is not JSON: unexpected text at byte 8");
  EXPECT_EQ(error_of(std::string_view("{\"a\": \"\0\"}", 10)), "the body is not JSON: unexpected text at byte 8");
  EXPECT_EQ(error_of("{'a': 1}"), "the body is not JSON: unexpected text at byte 2");
  EXPECT_EQ(error_of("{\"a\": 1,}"), "the body is not JSON: unexpected text at byte 9");
  EXPECT_EQ(error_of("{\"a\": NaN}"), "the body is not JSON: unexpected text at byte 7");
}

TEST(Coder, InvalidUtf8) {
  for (const auto* bytes : {"\xff", "\xc3(", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\xe2\x82"}) {
    const auto error = error_of(std::string("{\"a\": \"") + bytes + "\"}");
    EXPECT_TRUE(error.starts_with("the body is not JSON: invalid UTF-8 at byte ")) << error;
  }
}

TEST(Coder, HalfOfASurrogatePair) {
  for (const auto* text : {R"({"a": "\ud800"})", R"({"a": "\udc00"})", R"({"a": "\ud800\ud800"})", R"({"a": "\ud800x"})"}) {
    const auto error = error_of(text);
    EXPECT_TRUE(error.starts_with("the body is not JSON: unpaired surrogate at byte ")) << error;
  }
  EXPECT_EQ(parsed(json::parse(R"({"title":"\ud83c\udf89","body":"b","payload":{"user_email":"","actions":[]}})")).title, "🎉");
}

TEST(Coder, ControlCharactersAreRemoved) {
  const auto n =
      parse(R"({"msg_id":"m\u00071","title":"a\u0000b\u001b[31mc\td","body":"one\r\ntwo\u007f","payload":{"user_email":"a\u0000@b",
    "actions":[{"label":"\u0008x","url":"u\u0001"}],"labels":{"k\u0000":"v\u0002"},"data":{"d\u0003":["\u0004e"]},"targets":["\u0005t"]}})");
  ASSERT_TRUE(n) << n.error().message;
  EXPECT_EQ(n->msg_id, "m1");
  EXPECT_EQ(n->title, "ab[31mc\td");
  EXPECT_EQ(n->body, "one\ntwo");
  EXPECT_EQ(n->recipient.email, "a@b");
  EXPECT_EQ(n->actions, (std::vector<model::Action>{{"x", "u"}}));
  EXPECT_EQ(n->labels, (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_EQ(n->data, json::parse(R"({"d":["e"]})"));
  EXPECT_EQ(n->targets, std::vector<std::string>{"t"});
  EXPECT_EQ(error_of(R"({"title":"\u0000","body":"b","payload":{"user_email":"","actions":[]}})"),
            "title: empty; it must be a non-empty string");
}

TEST(Coder, DepthIsBounded) {
  const auto nested = [](std::string_view before, std::size_t levels, char open, char close) {
    return std::string(before) + std::string(levels, open) + std::string(levels, close);
  };
  const auto in_data = [&](std::size_t levels) {
    return R"({"title":"t","body":"b","payload":{"user_email":"","actions":[],"data":{"x":)" + nested("", levels, '[', ']') + "}}}";
  };
  EXPECT_TRUE(parse(in_data(61)));
  EXPECT_EQ(error_of(in_data(62)), "the body: nested deeper than 64 levels");
  EXPECT_EQ(error_of(nested("{\"ignored\":", 1'000'000, '[', ']')), "the body: nested deeper than 64 levels");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(error_of(objects), "the body: nested deeper than 64 levels");
}

TEST(Coder, ForeignNamesInErrorsAreCutAndEscaped) {
  auto document = valid();
  document["payload"]["labels"] = {{std::string(1000, 'k'), 1}};
  EXPECT_EQ(error_of(document.dump()), "payload.labels." + std::string(40, 'k') + "...: expected a string, found a number");
  document["payload"]["labels"] = {{"a\nb\u00e4\u202e", 1}};
  EXPECT_EQ(error_of(document.dump()), "payload.labels.a?b?????: expected a string, found a number");
}

TEST(Coder, MessageId) {
  EXPECT_EQ(parsed(valid(), "h-1").msg_id, "m-1") << "the body has priority";
  EXPECT_EQ(parsed(without("/msg_id"), "h-1").msg_id, "h-1");
  EXPECT_EQ(parsed(with("/msg_id", ""), "h-1").msg_id, "h-1");
  EXPECT_EQ(parsed(without("/msg_id"), "").msg_id, "fresh-id");
  EXPECT_EQ(parsed(without("/msg_id")).msg_id, "fresh-id");
  EXPECT_EQ(parsed(with("/msg_id", std::string(200, 'x'))).msg_id, std::string(200, 'x'));
  EXPECT_EQ(error_of(with("/msg_id", std::string(201, 'x')).dump()), "msg_id: longer than 200 bytes");
  EXPECT_EQ(error_of(without("/msg_id").dump(), std::string(201, 'x')), "X-Message-Id: longer than 200 bytes");
  EXPECT_EQ(error_of(without("/msg_id").dump(), "\xff"), "X-Message-Id: expected printable ASCII");
  EXPECT_EQ(error_of(without("/msg_id").dump(), "a\tb"), "X-Message-Id: expected printable ASCII");
}

TEST(Coder, OfAKeyThatStandsTwiceTheLastCounts) {
  const auto n = parse(R"({"title":"1","title":"2","body":"b","payload":{"user_email":"old","user_id":"old","actions":[{"label":"old"}]},
    "payload":{"user_email":"new","actions":[{"label":"old"}],"actions":[{"label":"new"}],"labels":{"a":"1","b":"1"},"labels":{"a":"2"},
    "data":{"x":1},"data":{"y":1,"y":2},"targets":["1"],"targets":["2"]}})");
  ASSERT_TRUE(n) << n.error().message;
  EXPECT_EQ(n->title, "2");
  EXPECT_EQ(n->recipient.email, "new");
  EXPECT_EQ(n->recipient.id, "");
  EXPECT_EQ(n->actions, (std::vector<model::Action>{{"new", ""}}));
  EXPECT_EQ(n->labels, (std::map<std::string, std::string>{{"a", "2"}}));
  EXPECT_EQ(n->data, json::parse(R"({"y":2})"));
  EXPECT_EQ(n->targets, std::vector<std::string>{"2"});
  EXPECT_EQ(error_of(R"({"title":"1","title":null,"body":"b","payload":{"user_email":"","actions":[]}})"),
            "title: missing; it must be a non-empty string");
}

TEST(Coder, UnknownKeysAreIgnoredWhateverTheyHold) {
  auto document = valid();
  const auto plain = parsed(document);
  document["later"] = json::parse(R"([1,{"title":"no","payload":{"user_email":1}},null])");
  document["payload"]["title"] = "no";
  document["payload"]["payload"] = {{"labels", {{"x", 1}}}};
  document["payload"]["actions"][0]["labels"] = {{"x", 1}};
  document["payload"]["actions"][0]["style"] = {1, "primary"};
  document["labels"] = 5;
  EXPECT_EQ(parsed(document), plain);
}

TEST(Coder, BuiltInDataIsApplied) {
  const auto n = parsed(with("/payload/labels/one_time_passcode", "123"));
  EXPECT_TRUE(n.sensitive);
  EXPECT_EQ(n.max_age, 10min);
}

TEST(Coder, ABomInFrontIsSkipped) { EXPECT_TRUE(parse("\xef\xbb\xbf" + valid().dump())); }

TEST(Coder, Large) {
  auto document = with("/body", std::string(900'000, 'x'));
  for (int i = 0; i < 10'000; ++i) document["payload"]["actions"].push_back({{"label", "l"}, {"url", "u"}});
  const auto n = parsed(document);
  EXPECT_EQ(n.body.size(), 900'000U);
  EXPECT_EQ(n.actions.size(), 10'002U);
}

// Every truncated or corrupted document is either parsed or rejected with one line of printable ASCII.
TEST(Coder, EveryPrefixAndEveryFlippedByte) {
  const auto whole = valid().dump();
  for (std::size_t cut = 0; cut < whole.size(); ++cut) static_cast<void>(error_of(std::string_view(whole).substr(0, cut)));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char replacement : {'\0', '"', '{', ']', '\\', '\xff', '7', 'n'}) {
      auto changed = whole;
      changed[at] = replacement;
      if (!parse(changed)) static_cast<void>(error_of(changed));
    }
  }
}

}  // namespace
}  // namespace belfry::source
