#include "route/match_cache.hpp"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <map>

namespace belfry::route {
namespace {

constexpr std::int64_t kSetMemory = 32L * 1024 * 1024;
constexpr std::size_t kWorthASet = 4;  // fewer patterns are faster one by one

re2::RE2::Options options() {
  re2::RE2::Options out;
  out.set_log_errors(false);
  return out;
}

re2::RE2::Options set_options() {
  auto out = options();
  out.set_max_mem(kSetMemory);
  return out;
}

std::optional<std::string> searched_text(const model::PathValue& value) {
  using Kind = model::PathValue::Kind;
  switch (value.kind) {
    case Kind::text: return std::string(value.text);
    case Kind::boolean: return value.flag ? "true" : "false";
    case Kind::number: return value.number->dump();
    default: return std::nullopt;
  }
}

}  // namespace

struct MatchCache::PathEntry {
  std::string name;
  model::Path path;
  std::vector<std::unique_ptr<re2::RE2>> patterns;
  std::map<std::string, std::size_t> numbers;  // index by pattern
  std::unique_ptr<re2::RE2::Set> all;          // null: too few patterns, or too many for one automaton
};

MatchCache::MatchCache() = default;
MatchCache::~MatchCache() = default;

base::Result<std::size_t> MatchCache::path(const std::string& name) {
  const auto found = std::ranges::find(paths_, name, &PathEntry::name);
  if (found != paths_.end()) return static_cast<std::size_t>(found - paths_.begin());
  auto path = model::Path::parse(name);
  if (!path) return std::unexpected(path.error());
  paths_.push_back({.name = name, .path = std::move(*path)});
  return paths_.size() - 1;
}

base::Result<std::size_t> MatchCache::pattern(std::size_t path, const std::string& pattern) {
  auto& entry = paths_.at(path);
  const auto [known, fresh] = entry.numbers.emplace(pattern, entry.patterns.size());
  if (!fresh) return known->second;
  auto compiled = std::make_unique<re2::RE2>(pattern, options());
  if (!compiled->ok()) {
    entry.numbers.erase(known);
    return base::fail(base::ErrorCode::invalid, "the pattern /" + pattern + "/ is wrong: " + compiled->error());
  }
  entry.patterns.push_back(std::move(compiled));
  return entry.patterns.size() - 1;
}

void MatchCache::seal() {
  for (auto& entry : paths_) {
    if (entry.patterns.size() < kWorthASet) continue;
    auto all = std::make_unique<re2::RE2::Set>(set_options(), re2::RE2::UNANCHORED);
    const bool added = std::ranges::all_of(entry.patterns, [&](const auto& each) { return all->Add(each->pattern(), nullptr) >= 0; });
    if (added && all->Compile()) entry.all = std::move(all);
  }
}

const model::Path& MatchCache::at(std::size_t path) const { return paths_.at(path).path; }

MatchCache::Evaluation::Evaluation(const MatchCache& match_cache, const model::Notification& notification)
    : match_cache_(&match_cache), notification_(&notification), known_(match_cache.paths_.size()) {}

const model::PathValue& MatchCache::Evaluation::value(std::size_t path) {
  auto& known = known_[path];
  if (!known.read) {
    known.value = match_cache_->paths_[path].path.read(*notification_);
    known.read = true;
  }
  return known.value;
}

bool MatchCache::Evaluation::finds(std::size_t path, std::size_t pattern) {
  const auto& entry = match_cache_->paths_[path];
  auto& known = known_[path];
  if (known.searched) return known.found[pattern];
  const auto text = searched_text(value(path));
  if (!text) {
    known.found.assign(entry.patterns.size(), false);
    known.searched = true;
    return false;
  }
  if (!entry.all) return re2::RE2::PartialMatch(*text, *entry.patterns[pattern]);
  std::vector<int> matches;
  re2::RE2::Set::ErrorInfo error{};
  const bool any = entry.all->Match(*text, &matches, &error);
  if (!any && error.kind != re2::RE2::Set::kNoError) return re2::RE2::PartialMatch(*text, *entry.patterns[pattern]);
  known.found.assign(entry.patterns.size(), false);
  for (const int match : matches) known.found[static_cast<std::size_t>(match)] = true;
  known.searched = true;
  return known.found[pattern];
}

}  // namespace belfry::route
