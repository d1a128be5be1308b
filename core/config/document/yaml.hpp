// A YAML document as a tree that keeps the location of every node.
// Stricter than YAML: one document, string keys, no duplicate keys, no merge keys, no tags, no tabs in the indentation, UTF-8 only.
// Bounded: 1 MiB of text, 64 levels, 100,000 nodes, counting every use of an alias.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/document/report.hpp"

namespace belfry::config::yaml {

inline constexpr std::size_t kMaxBytes = 1024 * 1024;
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxNodes = 100'000;
inline constexpr std::size_t kMaxKeyBytes = 256;

struct Node;
using NodePtr = std::shared_ptr<const Node>;  // shared: aliases refer to the same node

struct Member {
  std::string key;
  Mark key_at;
  NodePtr value;
};

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  Mark at;             // of a null in a map: location of its key
  std::string text;    // of a scalar, escapes and folding resolved
  bool plain = false;  // unquoted scalar: may be a number or a boolean
  std::vector<NodePtr> items;
  std::vector<Member> members;  // in file order
  bool incomplete = false;      // map: members without a usable key were left out, which has been reported

  // Totals of the subtree, aliases expanded.
  std::size_t nodes = 1;
  std::size_t bytes = 0;
  std::size_t depth = 1;

  [[nodiscard]] const Member* find(std::string_view key) const;
};

// Returns null when nothing useful could be read; the report has the reason. A tree may come with reported problems (duplicate keys): it
// then contains the first of the duplicates. `file`: its index in the report; only the main file (0) must not be empty.
[[nodiscard]] NodePtr parse(std::string_view text, Report& report, int file = 0);

}  // namespace belfry::config::yaml
