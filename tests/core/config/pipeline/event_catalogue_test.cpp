#include "config/pipeline/event_catalogue.hpp"

#include "core/config/support.hpp"

namespace belfry::config {
namespace {

struct Read {
  EventCatalogue catalogue;
  std::string lines;
};

Read catalogue_from(std::string_view text) {
  Report report("events.yaml");
  const auto environment = test::environment();
  const References references(environment);
  const Context context{report, references, environment};
  Read out;
  if (const auto tree = yaml::parse(text, report)) read_catalogue(Value(context, *tree, "", tree->at), out.catalogue);
  for (const auto& problem : report.take()) out.lines += problem.to_string() + "\n";
  return out;
}

TEST(Catalogue, FindsEventsByIdAndByEveryName) {
  const auto [catalogue, lines] =
      catalogue_from("events: [{ id: 281fdf73-c6d6-4cbb-8ff5-888baf8a2fff, name: New, also: [Old], labels: [a] }, { name: Other }]");
  EXPECT_EQ(lines, "");
  const auto* event = catalogue.by_id("281fdf73-c6d6-4cbb-8ff5-888baf8a2fff");
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->name, "New");
  EXPECT_EQ(catalogue.by_name("New"), event);
  EXPECT_EQ(catalogue.by_name("Old"), event);
  EXPECT_EQ(catalogue.by_name("old"), nullptr);
  EXPECT_EQ(catalogue.by_id(""), nullptr) << "an event without an id has none";
  EXPECT_EQ(catalogue.by_name(""), nullptr);
}

TEST(Catalogue, ALaterEventTakesThePlaceOfTheSameOne) {
  EventCatalogue catalogue;
  catalogue.add({.id = "1", .name = "first"});
  catalogue.add({.name = "second"});
  catalogue.add({.id = "1", .name = "renamed"});
  catalogue.add({.name = "second", .group = "x"});
  EXPECT_EQ(catalogue.events(), (std::vector<CatalogueEvent>{{.id = "1", .name = "renamed"}, {.name = "second", .group = "x"}}));
}

TEST(Catalogue, RefusesWhatIsNoEvent) {
  EXPECT_EQ(catalogue_from("[]").lines.substr(0, 61), "events.yaml:1:1: error: a catalogue is not a mapping; write e");
  EXPECT_EQ(catalogue_from("{}").lines.substr(0, 59), "events.yaml:1:1: error: a catalogue without events; write e");
  EXPECT_EQ(catalogue_from("evens: []").lines, "events.yaml:1:1: error: unknown key \"evens\"; did you mean \"events\"?\n");
  EXPECT_EQ(
      catalogue_from("events:\n- { id: ABC, nam: x }\n- { id: 281FDF73-C6D6-4CBB-8FF5-888BAF8A2FFF, name: 7, labels: x }").lines,
      "events.yaml:2:9: error: events[0].id is \"ABC\"; write the id of Coder's template, a UUID in lower case\n"
      "events.yaml:2:14: error: unknown key \"nam\" in events[0]; did you mean \"name\"?\n"
      "events.yaml:3:9: error: events[1].id is \"281FDF73-C6D6-4CBB-8FF5-888BAF8A2FFF\"; write the id of Coder's template, a UUID in lower "
      "case\n"
      "events.yaml:3:53: error: events[1].name is a number; write it in quotes\n"
      "events.yaml:3:64: error: events[1].labels is \"x\"; write a list of labels, such as [workspace, reason]\n");
  std::string many = "events: [";
  for (int i = 0; i < 1001; ++i) many += "{ name: x" + std::to_string(i) + " }, ";
  EXPECT_TRUE(catalogue_from(many + "]").lines.ends_with(": error: events[1000] is one of more than 1000 events; write fewer\n"));
}

TEST(ShippedCatalogue, IsWhatTheFileSays) {
  const auto [catalogue, lines] = catalogue_from(test::read(test::source_directory() / "config/coder-events.yaml"));
  EXPECT_EQ(lines, "");
  EXPECT_EQ(catalogue.events(), shipped_catalogue().events());
  EXPECT_GE(catalogue.events().size(), 38U);
}

TEST(ShippedCatalogue, HasEveryIdAndNameOnceAndOnlyRightOnes) {
  std::set<std::string> ids;
  std::set<std::string> names;
  for (const auto& event : shipped_catalogue().events()) {
    EXPECT_TRUE(event.id.empty() || (is_template_id(event.id) && ids.insert(event.id).second)) << event.id;
    EXPECT_TRUE(names.insert(event.name).second) << event.name;
    for (const auto& name : event.aliases) EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_TRUE(std::ranges::is_sorted(event.labels)) << event.name;
  }
}

// The catalogue uses the same id, name and label as the built-in rules (source/passcodes.cpp).
TEST(ShippedCatalogue, KnowsTheOneTimePasscode) {
  const auto* event = shipped_catalogue().by_id("62f86a30-2330-4b61-a26d-311ff3b608cf");
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->name, "One-Time Passcode");
  EXPECT_EQ(event->labels, std::vector<std::string>{"one_time_passcode"});
}

// The catalogue covers the payloads that Coder sends.
TEST(ShippedCatalogue, KnowsThePayloadsOfTheTests) {
  std::size_t known = 0;
  for (const auto& file : std::filesystem::directory_iterator(test::source_directory() / "tests/fixtures/coder")) {
    const auto payload = nlohmann::json::parse(test::read(file.path())).at("payload");
    const auto* event = shipped_catalogue().by_id(payload.value("notification_template_id", ""));
    if (event == nullptr) continue;
    ++known;
    EXPECT_EQ(shipped_catalogue().by_name(payload.at("notification_name").get<std::string>()), event) << file.path();
    for (const auto& [label, ignored] : payload.at("labels").items()) {
      EXPECT_NE(std::ranges::find(event->labels, label), event->labels.end()) << file.path() << " " << label;
    }
  }
  EXPECT_GE(known, 5U);
}

TEST(IsTemplateId, TakesUuidsInLowerCase) {
  EXPECT_TRUE(is_template_id("281fdf73-c6d6-4cbb-8ff5-888baf8a2fff"));
  for (const auto* text :
       {"", "281FDF73-C6D6-4CBB-8FF5-888BAF8A2FFF", "281fdf73-c6d6-4cbb-8ff5-888baf8a2ff", "281fdf73-c6d6-4cbb-8ff5-888baf8a2fff0",
        "281fdf73xc6d6-4cbb-8ff5-888baf8a2fff", "281fdf73-c6d6-4cbb-8ff5-888baf8a2ffg"}) {
    EXPECT_FALSE(is_template_id(text)) << text;
  }
}

}  // namespace
}  // namespace belfry::config
