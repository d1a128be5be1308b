#include "config/pipeline/event_check.hpp"

#include <algorithm>
#include <set>

#include "config/document/read_text_file.hpp"
#include "config/document/suggest.hpp"
#include "config/pipeline/pattern.hpp"
#include "render/tags.hpp"
#include "render/template.hpp"

namespace belfry::config {
namespace {

using yaml::Node;

constexpr std::string_view kRemedy = ", or add the event with sources.NAME.catalogue";
constexpr std::string_view kLabels = "labels.";

Value member_value(const Value& parent, const yaml::Member& member) {
  return {parent.context(), *member.value, parent.path() + "." + member.key, member.key_at};
}

// Returns none when the member is missing, of another kind, or an empty list.
std::optional<Value> member_of(const Value& parent, std::string_view key, Node::Kind kind) {
  const auto* found = parent.node().find(key);
  if (found == nullptr || found->value->kind != kind || (kind == Node::Kind::list && found->value->items.empty())) return std::nullopt;
  return Value(parent.context(), *found->value, parent.path() + "." + found->key, found->key_at);
}

// Calls `visit` with every rule: processors, routes and nested routes.
template <class Look>
void for_each_rule(const Value& parent, const Look& visit) {
  for (const auto* key : {"processors", "routes"}) {
    const auto rules = member_of(parent, key, Node::Kind::list);
    if (!rules) continue;
    for (const auto& rule : rules->entries("")) {
      visit(rule);
      for_each_rule(rule, visit);
    }
  }
}

class Checker {
 public:
  explicit Checker(const EventCatalogue& catalogue) : catalogue_(catalogue) {
    for (const auto& event : catalogue.events()) {
      names_.push_back(event.name);
      names_.insert(names_.end(), event.aliases.begin(), event.aliases.end());
      if (!event.id.empty()) ids_.push_back(event.id);
      for (const auto& label : event.labels) labels_.insert(std::string(kLabels) + label);
    }
  }

  // Processors may set labels that no event has.
  void add_labels(const Value& rule) {
    const auto set = member_of(rule, "set", Node::Kind::map);
    if (!set) return;
    for (const auto& member : set->node().members) {
      if (member.key.starts_with(kLabels)) labels_.insert(member.key);
    }
  }

  // Checks the templates of a rule: a tag with a label that no event has renders as empty text.
  void texts(const Value& written) const {
    const auto& node = written.node();
    if (node.kind == Node::Kind::scalar) return tags(written);
    if (node.kind == Node::Kind::list && !node.items.empty()) {
      for (const auto& entry : written.entries("")) texts(entry);
    }
    for (const auto& member : node.members) texts(member_value(written, member));
  }

  void condition(const Value& written) const {
    for (const auto& member : written.node().members) {
      const auto value = member_value(written, member);
      if (member.key == "all" || member.key == "any" || member.key == "none") {
        if (value.node().kind != Node::Kind::list || value.node().items.empty()) continue;
        for (const auto& entry : value.entries("")) condition(entry);
      } else if (member.key == "name" || member.key == "template_id") {
        comparison(value, member.key == "name");
      } else if (member.key.starts_with(kLabels)) {
        label(written, member);
      }
    }
  }

 private:
  // `written` is a text, a list of texts, or a mapping of operators.
  void comparison(const Value& written, bool name) const {
    const auto& node = written.node();
    if (node.kind == Node::Kind::scalar) return text(written, name, true);
    if (node.kind == Node::Kind::list && !node.items.empty()) {
      for (const auto& entry : written.entries("")) {
        if (entry.node().kind != Node::Kind::list) comparison(entry, name);
      }
    }
    for (const auto& member : node.members) {
      const auto value = member_value(written, member);
      if (member.key == "not") comparison(value, name);
      if (member.key == "eq") text(value, name, false);
    }
  }

  void text(const Value& written, bool name, bool patterns) const {
    if (written.node().kind != Node::Kind::scalar) return;
    const auto expanded = written.expand();
    if (!expanded) return;
    const std::string_view literal = expanded->text;
    if (patterns && literal.size() >= 2 && literal.starts_with('/') && literal.ends_with('/')) return pattern(written, literal, name);
    if (name && catalogue_.by_name(literal) == nullptr) {
      const auto near = base::closest_word(literal, views(names_));
      const auto remedy =
          near.empty() ? "; write the name as Coder does" + std::string(kRemedy) : "; did you mean " + in_quotes(near) + "?";
      written.warning("is " + written.described() + ", which is not the name of a known event" + remedy);
    } else if (!name && is_template_id(literal) && catalogue_.by_id(literal) == nullptr) {
      written.warning("is " + written.described() + ", which is not the id of a known event; write the id of one" + std::string(kRemedy));
    }
  }

  void pattern(const Value& written, std::string_view slashed, bool name) const {
    const std::string inner(slashed.substr(1, slashed.size() - 2));
    const auto matches = [&](const std::string& text) { return pattern_matches(inner, text); };
    if (!compiles(inner) || std::ranges::any_of(name ? names_ : ids_, matches)) return;
    written.warning("is " + written.described() + ", which matches none of the " + std::to_string(catalogue_.events().size()) +
                    " known events; write a pattern that does" + std::string(kRemedy));
  }

  void label(const Value& written, const yaml::Member& member) const {
    if (is_known(member.key)) return;
    written.context().report.warning(member.key_at,
                                     written.path() + "." + member.key + " is not a label of any known event" + remedy(member.key));
  }

  void tags(const Value& written) const {
    const auto expanded = written.expand();
    if (!expanded) return;
    const auto tags = render::parse_tags(expanded->text, render::Template::kMaxNesting);
    if (!tags) return;
    std::set<std::string> reported;
    for (const auto& tag : *tags) {
      if (!tag.name.starts_with(kLabels) || is_known(tag.name) || !reported.insert(tag.name).second) continue;
      written.warning("names " + in_quotes(tag.name) + ", which is not a label of any known event" + remedy(tag.name));
    }
  }

  [[nodiscard]] bool is_known(const std::string& label) const { return label.size() == kLabels.size() || labels_.contains(label); }

  [[nodiscard]] std::string remedy(const std::string& label) const {
    const auto near = base::closest_word(label, views(labels_));
    return near.empty() ? "; write one that Coder sends" + std::string(kRemedy) : "; did you mean " + in_quotes(near) + "?";
  }

  template <class Texts>
  static std::vector<std::string_view> views(const Texts& texts) {
    return {texts.begin(), texts.end()};
  }

  const EventCatalogue& catalogue_;
  std::vector<std::string> names_, ids_;
  std::set<std::string, std::less<>> labels_;  // "labels.reason"
};

void read_one(const Value& written, EventCatalogue& out, std::vector<std::filesystem::path>& files) {
  const auto path = written.file_path("the path of a file");
  if (!path) return;
  files.push_back(path->lexically_normal());
  const auto text = read_named_file(*path);
  if (!text) {
    written.error("names " + path->string() + ", which " + text.error().message);
    return;
  }
  auto& context = written.context();
  const auto tree = yaml::parse(*text, context.report, context.report.add_file(files.back().string()));
  if (tree) read_catalogue(Value(context, *tree, "", tree->at), out);
}

}  // namespace

EventCatalogue read_catalogues(const Value& sources, std::vector<std::filesystem::path>& files) {
  auto out = shipped_catalogue();
  constexpr std::size_t kLimit = 64;
  std::size_t count = 0;
  for (const auto& member : sources.node().members) {
    const auto source = member_value(sources, member);
    const auto* catalogue = source.node().find("catalogue");
    if (catalogue == nullptr) continue;
    for (const auto& entry : member_value(source, *catalogue).entries("a list of files, such as [extra-events.yaml]")) {
      if (++count <= kLimit) read_one(entry, out, files);
      if (count == kLimit + 1) entry.error("is one of more than " + std::to_string(kLimit) + " catalogues; write fewer, larger ones");
    }
  }
  return out;
}

void check_events(const Value& pipeline, const EventCatalogue& catalogue) {
  Checker checker(catalogue);
  for_each_rule(pipeline, [&](const Value& rule) { checker.add_labels(rule); });
  for_each_rule(pipeline, [&](const Value& rule) {
    if (const auto when = member_of(rule, "when", Node::Kind::map)) checker.condition(*when);
    for (const auto* key : {"set", "message", "dedupe", "digest", "throttle"}) {
      if (const auto texts = member_of(rule, key, Node::Kind::map)) checker.texts(*texts);
    }
  });
}

}  // namespace belfry::config
