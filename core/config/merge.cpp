#include "config/merge.hpp"

#include <algorithm>

#include "config/suggest.hpp"
#include "config/vocabulary.hpp"

namespace belfry::config {
namespace {

using yaml::Member;
using yaml::Node;
using yaml::NodePtr;

Member* find(Node& node, std::string_view key) {
  const auto found = std::ranges::find(node.members, key, &Member::key);
  return found == node.members.end() ? nullptr : &*found;
}

std::string_view form_of(Node::Kind kind) {
  return kind == Node::Kind::list ? "a list" : kind == Node::Kind::map ? "a mapping" : "one value";
}

class Merge {
 public:
  explicit Merge(Report& report) : report_(report) {}

  NodePtr roots(const Node& main, const Node& included) {
    auto out = std::make_shared<Node>(main);
    for (const auto& section : included.members) {
      auto* present = find(*out, section.key);
      if (present == nullptr) {
        out->members.push_back(section);
      } else if (section.key == "sources" || section.key == "sinks") {
        present->value = united(*present, section, section.key);
      } else {
        present->value = joined_members(*present, section, section.key);
      }
    }
    return out;
  }

 private:
  // The members of both; a sink that is described in two places is a mistake.
  NodePtr united(const Member& first, const Member& second, const std::string& path) {
    if (first.value->kind != Node::Kind::map) return first.value;  // its reader says so
    auto out = std::make_shared<Node>(*first.value);
    out->incomplete |= second.value->incomplete;
    for (const auto& member : second.value->members) {
      if (const auto* present = find(*out, member.key)) {
        twice(*present, member, path);
      } else {
        out->members.push_back(member);
      }
    }
    return out;
  }

  NodePtr joined_members(const Member& first, const Member& second, const std::string& path) {
    if (first.value->kind != Node::Kind::map) return first.value;  // its reader says so
    auto out = std::make_shared<Node>(*first.value);
    out->incomplete |= second.value->incomplete;
    for (const auto& member : second.value->members) {
      if (auto* present = find(*out, member.key)) {
        present->value = joined(*present, member, path);
      } else {
        out->members.push_back(member);
      }
    }
    return out;
  }

  NodePtr joined(const Member& first, const Member& second, const std::string& path) {
    const auto name = path + "." + second.key;
    if (!same_kind(first, second, name)) return first.value;
    if (second.value->kind == Node::Kind::map) return united(first, second, name);
    if (second.value->kind == Node::Kind::list) return appended(*first.value, *second.value, name == "pipeline.routes");
    twice(first, second, path);
    return first.value;
  }

  static NodePtr appended(const Node& first, const Node& second, bool routes) {
    auto out = std::make_shared<Node>(first);
    auto at = out->items.end();
    if (routes && !out->items.empty()) {
      const auto& last = *out->items.back();
      if (last.at.file == 0 && last.kind == Node::Kind::map && last.find("when") == nullptr) --at;
    }
    out->items.insert(at, second.items.begin(), second.items.end());
    return out;
  }

  void twice(const Member& first, const Member& second, const std::string& path) {
    report_.error(second.key_at, path + "." + second.key + " is there twice, first in " +
                                     report_.line_seen_from(second.key_at, first.key_at) + "; keep one");
  }

  bool same_kind(const Member& first, const Member& second, const std::string& path) {
    if (first.value->kind == second.value->kind) return true;
    report_.error(second.value->at, path + " is " + std::string(form_of(second.value->kind)) + ", and " +
                                        std::string(form_of(first.value->kind)) + " in " +
                                        report_.line_seen_from(second.value->at, first.value->at) + "; write both in one way");
    return false;
  }

  Report& report_;
};

// Says so to those who look for names.
NodePtr marked_incomplete(const Node& root) {
  auto out = std::make_shared<Node>(root);
  out->incomplete = true;
  for (const auto* key : {"sources", "sinks"}) {
    auto* member = find(*out, key);
    if (member == nullptr) continue;
    auto names = std::make_shared<Node>(*member->value);
    names->incomplete = true;
    member->value = std::move(names);
  }
  return out;
}

}  // namespace

NodePtr merge(const NodePtr& main, const std::vector<NodePtr>& included, bool complete, Report& report) {
  auto out = main;
  Merge merge(report);
  for (const auto& one : included) out = merge.roots(*out, *one);
  const auto known = split_words(kRootWords.keys);
  const auto is_known = [&](const Member& member) { return std::ranges::find(known, member.key) != known.end(); };
  // A section of the main file under a wrong name would leave the names of the others alone.
  if (!complete || (!included.empty() && !std::ranges::all_of(main->members, is_known))) out = marked_incomplete(*out);
  return out;
}

}  // namespace belfry::config
