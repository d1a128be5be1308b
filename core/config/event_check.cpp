#include "config/event_check.hpp"

#include <algorithm>
#include <set>

#include "config/file_text.hpp"
#include "config/pattern.hpp"
#include "config/suggest.hpp"
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

// None when there is none, or it is of another kind.
std::optional<Value> member_of(const Value& parent, std::string_view key, Node::Kind kind) {
  const auto* found = parent.node().find(key);
  if (found == nullptr || found->value->kind != kind || (kind == Node::Kind::list && found->value->items.empty())) return std::nullopt;
  return Value(parent.context(), *found->value, parent.path() + "." + found->key, found->key_at);
}

// Calls `look` with every rule: processors, routes, and the routes within routes.
template <class Look>
void for_each_rule(const Value& parent, const Look& look) {
  for (const auto* key : {"processors", "routes"}) {
    const auto rules = member_of(parent, key, Node::Kind::list);
    if (!rules) continue;
    for (const auto& rule : rules->entries("")) {
      look(rule);
      for_each_rule(rule, look);
    }
  }
}

class Checker {
 public:
  explicit Checker(const Catalogue& catalogue) : catalogue_(catalogue) {
    for (const auto& event : catalogue.events()) {
      names_.push_back(event.name);
      names_.insert(names_.end(), event.also.begin(), event.also.end());
      if (!event.id.empty()) ids_.push_back(event.id);
      for (const auto& label : event.labels) labels_.insert(std::string(kLabels) + label);
    }
  }

  // A processor may set labels of its own.
  void learn(const Value& rule) {
    const auto set = member_of(rule, "set", Node::Kind::map);
    if (!set) return;
    for (const auto& member : set->node().members) {
      if (member.key.starts_with(kLabels)) labels_.insert(member.key);
    }
  }

  // The texts of a rule: a tag with a label that nobody sends is empty.
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
  // A text, a list of them, or what is behind an operator.
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
    const std::string_view what = expanded->text;
    if (patterns && what.size() >= 2 && what.starts_with('/') && what.ends_with('/')) return pattern(written, what, name);
    if (name && catalogue_.by_name(what) == nullptr) {
      const auto near = base::nearest(what, views(names_));
      const auto remedy =
          near.empty() ? "; write the name as Coder does" + std::string(kRemedy) : "; did you mean " + in_quotes(near) + "?";
      written.warning("is " + written.described() + ", which is the name of no known event" + remedy);
    } else if (!name && is_template_id(what) && catalogue_.by_id(what) == nullptr) {
      written.warning("is " + written.described() + ", which is the id of no known event; write that of one" + std::string(kRemedy));
    }
  }

  void pattern(const Value& written, std::string_view slashed, bool name) const {
    const std::string inner(slashed.substr(1, slashed.size() - 2));
    const auto matches = [&](const std::string& text) { return finds(inner, text); };
    if (!compiles(inner) || std::ranges::any_of(name ? names_ : ids_, matches)) return;
    written.warning("is " + written.described() + ", which matches none of the " + std::to_string(catalogue_.events().size()) +
                    " known events; write a pattern that does" + std::string(kRemedy));
  }

  void label(const Value& written, const yaml::Member& member) const {
    if (is_known(member.key)) return;
    written.context().report.warning(member.key_at,
                                     written.path() + "." + member.key + " is a label of no known event" + remedy(member.key));
  }

  void tags(const Value& written) const {
    const auto expanded = written.expand();
    if (!expanded) return;
    const auto tags = render::tags_of(expanded->text, render::Template::kMaxNesting);
    if (!tags) return;
    std::set<std::string> told;
    for (const auto& tag : *tags) {
      if (!tag.name.starts_with(kLabels) || is_known(tag.name) || !told.insert(tag.name).second) continue;
      written.warning("names " + in_quotes(tag.name) + ", a label of no known event" + remedy(tag.name));
    }
  }

  [[nodiscard]] bool is_known(const std::string& label) const { return label.size() == kLabels.size() || labels_.contains(label); }

  [[nodiscard]] std::string remedy(const std::string& label) const {
    const auto near = base::nearest(label, views(labels_));
    return near.empty() ? "; write one that Coder sends" + std::string(kRemedy) : "; did you mean " + in_quotes(near) + "?";
  }

  template <class Texts>
  static std::vector<std::string_view> views(const Texts& texts) {
    return {texts.begin(), texts.end()};
  }

  const Catalogue& catalogue_;
  std::vector<std::string> names_, ids_;
  std::set<std::string, std::less<>> labels_;  // "labels.reason"
};

void read_one(const Value& written, Catalogue& out, std::vector<std::filesystem::path>& files) {
  const auto path = written.file_path("the path of a file");
  if (!path) return;
  files.push_back(path->lexically_normal());
  const auto text = named_file_text(*path);
  if (!text) {
    written.error("names " + path->string() + ", which " + text.error().message);
    return;
  }
  auto& context = written.context();
  const auto tree = yaml::parse(*text, context.report, context.report.add_file(files.back().string()));
  if (tree) read_catalogue(Value(context, *tree, "", tree->at), out);
}

}  // namespace

Catalogue read_catalogues(const Value& sources, std::vector<std::filesystem::path>& files) {
  auto out = shipped_catalogue();
  constexpr std::size_t kMost = 64;
  std::size_t count = 0;
  for (const auto& member : sources.node().members) {
    const auto source = member_value(sources, member);
    const auto* catalogue = source.node().find("catalogue");
    if (catalogue == nullptr) continue;
    for (const auto& entry : member_value(source, *catalogue).entries("a list of files, such as [extra-events.yaml]")) {
      if (++count <= kMost) read_one(entry, out, files);
      if (count == kMost + 1) entry.error("is one of more than " + std::to_string(kMost) + " catalogues; write fewer, larger ones");
    }
  }
  return out;
}

void check_events(const Value& pipeline, const Catalogue& catalogue) {
  Checker checker(catalogue);
  for_each_rule(pipeline, [&](const Value& rule) { checker.learn(rule); });
  for_each_rule(pipeline, [&](const Value& rule) {
    if (const auto when = member_of(rule, "when", Node::Kind::map)) checker.condition(*when);
    for (const auto* key : {"set", "message", "dedupe", "digest", "throttle"}) {
      if (const auto texts = member_of(rule, key, Node::Kind::map)) checker.texts(*texts);
    }
  });
}

}  // namespace belfry::config
