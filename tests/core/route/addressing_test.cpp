#include "route/addressing.hpp"

namespace belfry::route {
namespace {

using model::Audience;
using model::Destination;
using nlohmann::json;

const model::Recipient kPerson{.id = "user-7", .email = "Quasi.MODO+x/y@Example.COM", .name = "Q", .username = "quasi"};

TEST(Addressing, Table) {
  const model::SinkAddressing direct{.destination_key = "channel", .fixed_destination = ""};
  const model::SinkAddressing fixed{.destination_key = "channel", .fixed_destination = "C1"};
  const model::SinkAddressing none{};
  const Destination person{Audience::direct, "quasi.modo+x/y@example.com"};
  const struct {
    model::SinkAddressing sink;
    json overrides;
    Destination wanted;
  } rows[] = {
      {direct, json::object(), person},
      {direct, nullptr, person},
      {direct, {{"channel", "C2"}}, {Audience::shared, "C2"}},
      {fixed, json::object(), {Audience::shared, "C1"}},
      {fixed, {{"channel", "C2"}}, {Audience::shared, "C2"}},
      {fixed, {{"channel", ""}}, person},
      {fixed, {{"footer", "x"}}, {Audience::shared, "C1"}},
      {fixed, {{"channel", 5}}, {Audience::shared, "C1"}},
      {none, {{"channel", "C2"}, {"", "C3"}}, person},
  };
  for (const auto& row : rows) EXPECT_EQ(destination_of(row.sink, row.overrides, kPerson), row.wanted) << row.overrides;
}

TEST(Addressing, WithoutAnEmailTheIdThenTheName) {
  const auto to = [](const model::Recipient& r) { return destination_of({}, {}, r).address; };
  EXPECT_EQ(to({.id = "ID-7", .username = "quasi"}), "ID-7");
  EXPECT_EQ(to({.username = "Quasi"}), "Quasi");
  EXPECT_EQ(to({.name = "Quasimodo"}), "");
}

TEST(Addressing, OnlyAsciiLettersBecomeLower) { EXPECT_EQ(destination_of({}, {}, {.email = "ÄÖ@EXAMPLE.com"}).address, "ÄÖ@example.com"); }

TEST(Addressing, Exposes) {
  const Destination shared{Audience::shared, "C1"};
  const Destination direct{Audience::direct, "a@b"};
  EXPECT_TRUE(exposes(shared, true, false));
  EXPECT_FALSE(exposes(shared, true, true));
  EXPECT_FALSE(exposes(shared, false, false));
  EXPECT_FALSE(exposes(direct, true, false));
}

}  // namespace
}  // namespace belfry::route
