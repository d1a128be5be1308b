// Helpers for the tests of the configuration.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "config/load.hpp"

namespace belfry::config::test {

// An environment with exactly these variables.
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
inline std::string lines(const LoadResult& loaded) {
  std::string out;
  for (const auto& problem : loaded.problems) out += problem.to_string() + "\n";
  return out;
}

inline LoadResult load(const std::string& text, const Environment& variables = environment()) {
  return load_text(text, "belfry.yaml", variables);
}

// A valid configuration with `top_level` appended.
inline std::string with(const std::string& top_level) {
  return "version: 1\nsources: { coder: {} }\nsinks: { slack: { plugin: slack } }\n"
         "pipeline: { routes: [{ name: everyone, to: [slack] }] }\n" +
         top_level;
}

inline std::string with_sink(const std::string& sink) {
  return "version: 1\nsources: { coder: {} }\nsinks:\n  slack: " + sink + "\npipeline: { routes: [{ name: everyone, to: [slack] }] }\n";
}

// A temporary directory, removed by the destructor.
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
    std::filesystem::permissions(path_ / name, std::filesystem::perms(0600));  // the file may hold a secret
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace belfry::config::test
