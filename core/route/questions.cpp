#include "route/questions.hpp"

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

struct Questions::Asked {
  std::string name;
  model::Path path;
  std::vector<std::unique_ptr<re2::RE2>> patterns;
  std::map<std::string, std::size_t> numbers;  // of the patterns
  std::unique_ptr<re2::RE2::Set> all;          // none: too few, or too much for one automaton
};

Questions::Questions() = default;
Questions::~Questions() = default;

base::Result<std::size_t> Questions::path(const std::string& name) {
  const auto found = std::ranges::find(paths_, name, &Asked::name);
  if (found != paths_.end()) return static_cast<std::size_t>(found - paths_.begin());
  auto path = model::Path::parse(name);
  if (!path) return std::unexpected(path.error());
  paths_.push_back({.name = name, .path = std::move(*path)});
  return paths_.size() - 1;
}

base::Result<std::size_t> Questions::pattern(std::size_t path, const std::string& pattern) {
  auto& asked = paths_.at(path);
  const auto [known, fresh] = asked.numbers.emplace(pattern, asked.patterns.size());
  if (!fresh) return known->second;
  auto compiled = std::make_unique<re2::RE2>(pattern, options());
  if (!compiled->ok()) {
    asked.numbers.erase(known);
    return base::fail(base::ErrorCode::invalid, "the pattern /" + pattern + "/ is wrong: " + compiled->error());
  }
  asked.patterns.push_back(std::move(compiled));
  return asked.patterns.size() - 1;
}

void Questions::seal() {
  for (auto& asked : paths_) {
    if (asked.patterns.size() < kWorthASet) continue;
    auto all = std::make_unique<re2::RE2::Set>(set_options(), re2::RE2::UNANCHORED);
    const bool added = std::ranges::all_of(asked.patterns, [&](const auto& each) { return all->Add(each->pattern(), nullptr) >= 0; });
    if (added && all->Compile()) asked.all = std::move(all);
  }
}

const model::Path& Questions::at(std::size_t path) const { return paths_.at(path).path; }

Questions::Answers::Answers(const Questions& questions, const model::Notification& notification)
    : questions_(&questions), notification_(&notification), known_(questions.paths_.size()) {}

const model::PathValue& Questions::Answers::value(std::size_t path) {
  auto& known = known_[path];
  if (!known.read) {
    known.value = questions_->paths_[path].path.read(*notification_);
    known.read = true;
  }
  return known.value;
}

bool Questions::Answers::finds(std::size_t path, std::size_t pattern) {
  const auto& asked = questions_->paths_[path];
  auto& known = known_[path];
  if (known.searched) return known.found[pattern];
  const auto text = searched_text(value(path));
  if (!text) {
    known.found.assign(asked.patterns.size(), false);
    known.searched = true;
    return false;
  }
  if (!asked.all) return re2::RE2::PartialMatch(*text, *asked.patterns[pattern]);
  std::vector<int> matches;
  re2::RE2::Set::ErrorInfo error{};
  const bool any = asked.all->Match(*text, &matches, &error);
  if (!any && error.kind != re2::RE2::Set::kNoError) return re2::RE2::PartialMatch(*text, *asked.patterns[pattern]);
  known.found.assign(asked.patterns.size(), false);
  for (const int match : matches) known.found[static_cast<std::size_t>(match)] = true;
  known.searched = true;
  return known.found[pattern];
}

}  // namespace belfry::route
