#include "model/path.hpp"

#include "support/notification_sample.hpp"

namespace belfry::model {
namespace {

using test::sample;

PathValue read(std::string_view path) {
  static const auto notification = sample();
  const auto parsed = Path::parse(path);
  EXPECT_TRUE(parsed) << path;
  return parsed ? parsed->read(notification) : PathValue{};
}

TEST(Path, Texts) {
  EXPECT_EQ(read("source").text, "coder");
  EXPECT_EQ(read("name").text, "Workspace Deleted");
  EXPECT_EQ(read("template_id").text, "f517da0b-cdc9-410f-ab89-a86107c420ed");
  EXPECT_EQ(read("title").text, "Workspace \"castle\" deleted");
  EXPECT_TRUE(read("body").text.starts_with("Hi Quasimodo"));
  EXPECT_EQ(read("recipient.email").text, "Quasi.Modo@Example.com") << "as the source wrote it";
  EXPECT_EQ(read("recipient.username").text, "quasi");
  EXPECT_EQ(read("labels.hours").text, "24");
  EXPECT_EQ(read("labels.a.b").text, "dotted") << "everything after labels. is one name";
  EXPECT_EQ(read("data.owner.email").text, "esme@example.com");
}

TEST(Path, OtherKinds) {
  EXPECT_EQ(read("sensitive").kind, PathValue::Kind::boolean);
  EXPECT_FALSE(read("sensitive").flag);
  EXPECT_EQ(read("data.failed").kind, PathValue::Kind::number);
  EXPECT_TRUE(read("data.urgent").flag);
  EXPECT_EQ(read("data.owner").kind, PathValue::Kind::structure);
  EXPECT_EQ(read("data.list").kind, PathValue::Kind::structure);
}

TEST(Path, Absent) {
  for (const auto* path : {"labels.none", "labels.Hours", "data.none", "data.owner.none", "data.owner.email.deeper", "data.list.0",
                           "data.nothing", "data.nothing.deeper"}) {
    EXPECT_EQ(read(path).kind, PathValue::Kind::absent) << path;
    EXPECT_FALSE(read(path).exists) << path;
  }
}

TEST(Path, AnEmptyFieldDoesNotExistAnEmptyLabelDoes) {
  model::Notification empty;
  for (const auto* path : {"source", "name", "template_id", "title", "body", "recipient.email", "recipient.username", "data.x"}) {
    EXPECT_FALSE(Path::parse(path)->read(empty).exists) << path;
  }
  EXPECT_TRUE(Path::parse("sensitive")->read(empty).exists);
  EXPECT_TRUE(read("labels.blank").exists);
}

TEST(Path, Unknown) {
  for (const auto* path : {"", "nam", "Name", "labels", "labels.", "data", "data.", "data..x", "data.x.", "data.x..y", "recipient",
                           "recipient.id", "name.x", "payload.title"}) {
    const auto parsed = Path::parse(path);
    ASSERT_FALSE(parsed) << path;
    EXPECT_TRUE(parsed.error().message.starts_with("unknown path \"" + std::string(path) + "\"; write source, name, "));
  }
}

}  // namespace
}  // namespace belfry::model
