#include "config/document/merge_includes.hpp"

#include <algorithm>

#include "config/document/section_keys.hpp"
#include "config/document/suggest.hpp"

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

class Merger {
 public:
  explicit Merger(Report& report) : report_(report) {}

  NodePtr add(const Node& main, const Node& included) {
    auto out = std::make_shared<Node>(main);
    for (const auto& section : included.members) {
      auto* present = find(*out, section.key);
      if (present == nullptr) {
        out->members.push_back(section);
      } else if (section.key == "sources" || section.key == "sinks") {
        present->value = merge_maps(*present, section, section.key);
      } else {
        present->value = merge_sections(*present, section, section.key);
      }
    }
    return out;
  }

 private:
  // Unites the members of both. A name in both is an error.
  NodePtr merge_maps(const Member& first, const Member& second, const std::string& path) {
    if (first.value->kind != Node::Kind::map) return first.value;  // its reader reports the problem
    auto out = std::make_shared<Node>(*first.value);
    out->incomplete |= second.value->incomplete;
    for (const auto& member : second.value->members) {
      if (const auto* present = find(*out, member.key)) {
        report_duplicate(*present, member, path);
      } else {
        out->members.push_back(member);
      }
    }
    return out;
  }

  NodePtr merge_sections(const Member& first, const Member& second, const std::string& path) {
    if (first.value->kind != Node::Kind::map) return first.value;  // its reader reports the problem
    auto out = std::make_shared<Node>(*first.value);
    out->incomplete |= second.value->incomplete;
    for (const auto& member : second.value->members) {
      if (auto* present = find(*out, member.key)) {
        present->value = merge_member(*present, member, path);
      } else {
        out->members.push_back(member);
      }
    }
    return out;
  }

  NodePtr merge_member(const Member& first, const Member& second, const std::string& path) {
    const auto name = path + "." + second.key;
    if (!same_kind(first, second, name)) return first.value;
    if (second.value->kind == Node::Kind::map) return merge_maps(first, second, name);
    if (second.value->kind == Node::Kind::list) return append_items(*first.value, *second.value, name == "pipeline.routes");
    report_duplicate(first, second, path);
    return first.value;
  }

  static NodePtr append_items(const Node& first, const Node& second, bool routes) {
    auto out = std::make_shared<Node>(first);
    auto at = out->items.end();
    if (routes && !out->items.empty()) {
      const auto& last = *out->items.back();
      if (last.at.file == 0 && last.kind == Node::Kind::map && last.find("when") == nullptr) --at;
    }
    out->items.insert(at, second.items.begin(), second.items.end());
    return out;
  }

  void report_duplicate(const Member& first, const Member& second, const std::string& path) {
    report_.error(second.key_at, path + "." + second.key + " is defined twice, first at " +
                                     report_.relative_location(second.key_at, first.key_at) + "; keep one");
  }

  bool same_kind(const Member& first, const Member& second, const std::string& path) {
    if (first.value->kind == second.value->kind) return true;
    report_.error(second.value->at, path + " is " + std::string(form_of(second.value->kind)) + ", but " +
                                        std::string(form_of(first.value->kind)) + " at " +
                                        report_.relative_location(second.value->at, first.value->at) + "; write both the same way");
    return false;
  }

  Report& report_;
};

// Keeps the readers of the tree from reporting names that it lacks.
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

NodePtr merge_includes(const NodePtr& main, const std::vector<NodePtr>& included, bool complete, Report& report) {
  auto out = main;
  Merger merge(report);
  for (const auto& one : included) out = merge.add(*out, *one);
  const auto known = split_words(kRootKeys.keys);
  const auto is_known = [&](const Member& member) { return std::ranges::find(known, member.key) != known.end(); };
  // The names in a misspelled section of the main file are missing from the tree.
  if (!complete || (!included.empty() && !std::ranges::all_of(main->members, is_known))) out = marked_incomplete(*out);
  return out;
}

}  // namespace belfry::config
