// What the tests of the configuration share.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "config/settings.hpp"

namespace belfry::config::test {

// An environment that holds just this.
inline Environment environment(std::map<std::string, std::string> variables = {{"HOME", "/home/belfry"}}) {
  return {[variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }};
}

inline std::filesystem::path source_directory() {
  const char* directory = std::getenv("BELFRY_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe)
  return directory != nullptr ? directory : ".";
}

inline std::string read(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

// One line per problem.
inline std::string lines(const Loaded& loaded) {
  std::string out;
  for (const auto& problem : loaded.problems) out += problem.line_text() + "\n";
  return out;
}

inline Loaded load(const std::string& text, const Environment& variables = environment()) {
  return load_text(text, "belfry.yaml", variables);
}

// A good configuration, and the place to put more into it.
inline std::string with(const std::string& top_level) {
  return "version: 1\nsources: { coder: {} }\nsinks: { slack: { plugin: slack } }\n"
         "pipeline: { routes: [{ name: everyone, to: [slack] }] }\n" +
         top_level;
}

inline std::string with_sink(const std::string& sink) {
  return "version: 1\nsources: { coder: {} }\nsinks:\n  slack: " + sink + "\npipeline: { routes: [{ name: everyone, to: [slack] }] }\n";
}

// A directory of its own that is removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "belfry-config-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    std::filesystem::permissions(path_ / name, std::filesystem::perms(0600));  // it may stand for a secret
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace belfry::config::test
