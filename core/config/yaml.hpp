// A YAML document as a tree that remembers where everything was written.
// Stricter than YAML: one document, string keys, no duplicate keys, no merge keys, no tags, no tabs in the indentation, UTF-8 only.
// Bounded: 1 MiB of text, 64 levels, 100,000 nodes, aliases counted as often as they are used.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.hpp"

namespace belfry::config::yaml {

inline constexpr std::size_t kMaxBytes = 1024 * 1024;
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxNodes = 100'000;
inline constexpr std::size_t kMaxKeyBytes = 256;

struct Node;
using NodePtr = std::shared_ptr<const Node>;  // shared: an alias is the same node once more

struct Member {
  std::string key;
  Mark key_at;
  NodePtr value;
};

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  Mark at;             // of a null within a map: its key
  std::string text;    // of a scalar, escapes and folding done
  bool plain = false;  // a scalar without quotes: may be a number or true
  std::vector<NodePtr> items;
  std::vector<Member> members;  // in the order of the file
  bool incomplete = false;      // a map: members without a usable key were left out, which has been reported

  // Of the whole subtree, aliases expanded.
  std::size_t nodes = 1;
  std::size_t bytes = 0;
  std::size_t depth = 1;

  [[nodiscard]] const Member* find(std::string_view key) const;
};

// Null when nothing useful could be read; the report says why. A tree may come together with problems (duplicate keys): then they have
// been reported and the first of the duplicates is in the tree. `file` is what the report calls it; only the main one (0) must hold
// something.
[[nodiscard]] NodePtr parse(std::string_view text, Report& report, int file = 0);

}  // namespace belfry::config::yaml
