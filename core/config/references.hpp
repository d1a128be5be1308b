// ${env:NAME} and ${file:PATH} within text, each with an optional default: ${env:PORT:-6000}. A default may hold references itself.
// $${ stands for ${. An empty variable or file counts as missing. Relative files are looked for in $CREDENTIALS_DIRECTORY, then beside
// the configuration; one newline at the end of a file is dropped.
#pragma once
#include <expected>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "config/settings.hpp"

namespace belfry::config {

inline constexpr std::size_t kMaxReferenceBytes = 64 * 1024;  // of a file, and of a text with its references replaced
inline constexpr int kMaxReferenceDepth = 8;

struct Expanded {
  std::string text;
  bool referenced = false;  // part of it came from outside: never to be shown
  // "the file F can be read by others; ..." when one of the files it came from can be: no place for a secret. What systemd has put into
  // $CREDENTIALS_DIRECTORY is systemd's business.
  std::string exposed;
  std::optional<ValueFile> file;  // all of it is what this one holds
};

struct ReferenceFault {
  enum class Kind {
    malformed,   // wrong in the configuration itself
    unresolved,  // the configuration is good, the outside is not
  };
  Kind kind = Kind::malformed;
  std::string text;  // "environment variable PORT is not set; set it"
};

class References {
 public:
  explicit References(const Environment& environment) : environment_(environment) {}

  // `directory` is that of the file which holds `text`; empty when it has none.
  [[nodiscard]] std::expected<Expanded, ReferenceFault> expand(std::string_view text, const std::filesystem::path& directory) const;

  // Of all references so far: what Settings::referenced promises.
  [[nodiscard]] const std::set<std::filesystem::path>& files_read() const { return read_; }

  // As settings.hpp says.
  [[nodiscard]] static base::Result<std::string> read_again(const ValueFile& file);
  // "the file F can be read by others; run: ...", or nothing when it cannot.
  [[nodiscard]] static std::string exposure(const std::filesystem::path& place, std::filesystem::file_status status);

 private:
  // What a reference came to: its value, or why there is none.
  struct Lookup {
    std::string value;
    std::string missing;                   // not there: a default may stand in
    std::string remedy;                    // what to do about it, when there is no other way
    std::string way;                       // the same as one of several ways
    std::string broken;                    // there, but unusable, and what to do: a default must not hide that
    std::string exposed;                   // others can read it, and what to do
    std::optional<ValueFile> source = {};  // of the value
  };
  struct Pass;

  [[nodiscard]] Lookup variable(const std::string& name) const;
  [[nodiscard]] Lookup file(const std::string& path, const std::filesystem::path& directory) const;
  [[nodiscard]] static Lookup content(const std::filesystem::path& place, std::filesystem::file_status status, std::error_code error);

  const Environment& environment_;
  mutable std::set<std::filesystem::path> read_;
};

}  // namespace belfry::config
