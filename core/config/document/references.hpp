// Expands ${env:NAME} and ${file:PATH} in text, each with an optional default: ${env:PORT:-6000}. A default may contain references.
// $${ stands for a literal ${. An empty variable or file counts as missing. Relative paths are looked up in $CREDENTIALS_DIRECTORY, then
// in the directory of the configuration file. A byte order mark and one newline at the end of a file are dropped.
#pragma once
#include <expected>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "config/values/settings.hpp"

namespace belfry::config {

inline constexpr std::size_t kMaxReferenceBytes = 64 * 1024;  // limit for a file, and for an expanded text
inline constexpr int kMaxReferenceDepth = 8;

struct Expanded {
  std::string text;
  bool referenced = false;  // part of the text came from a reference: never show it
  // "the file F can be read by others; ..." when others can access one of the files, which therefore must not hold a secret. Files in
  // $CREDENTIALS_DIRECTORY are exempt: systemd controls the access to them.
  std::string exposed;
  std::optional<ValueFile> file;  // set when the text is exactly the content of this file
};

struct ReferenceError {
  enum class Kind {
    malformed,   // the reference itself is invalid
    unresolved,  // the reference is valid, but its target is missing or unusable
  };
  Kind kind = Kind::malformed;
  std::string text;  // "environment variable PORT is not set; set it"
};

// Expands references and records the files that they name. `environment` must outlive it.
// Thread rule: one thread at a time; expand() records files although it is const.
class References {
 public:
  explicit References(const Environment& environment) : environment_(environment) {}

  // `directory`: the directory of the file that contains `text`; empty when there is no file.
  [[nodiscard]] std::expected<Expanded, ReferenceError> expand(std::string_view text, const std::filesystem::path& directory) const;

  // The files of all references so far, as Settings::referenced promises.
  [[nodiscard]] const std::set<std::filesystem::path>& files_read() const { return read_; }

  // See reread() below.
  [[nodiscard]] static base::Result<std::string> reread(const ValueFile& file);
  // Returns "the file F can be read by others; run: ...", or an empty string when others have no access.
  [[nodiscard]] static std::string exposure(const std::filesystem::path& location, std::filesystem::file_status status);

 private:
  // Result of one reference: its value, or the reason why there is none.
  struct Lookup {
    std::string value;
    std::string missing;                   // there is no value: a default may replace it
    std::string remedy;                    // advice, when this is the only missing value
    std::string alternative;               // advice, as one of several alternatives
    std::string broken;                    // the target is unusable, with advice: a default must not hide it
    std::string exposed;                   // others can access the file, with advice
    std::optional<ValueFile> source = {};  // file of the value
  };
  struct Pass;

  [[nodiscard]] Lookup variable(const std::string& name) const;
  [[nodiscard]] Lookup file(const std::string& path, const std::filesystem::path& directory) const;
  [[nodiscard]] static Lookup content(const std::filesystem::path& location, std::filesystem::file_status status, std::error_code error);

  const Environment& environment_;
  mutable std::set<std::filesystem::path> read_;
};

// Reads the file again, under the rules of ${file:...}: drops a newline at its end, and fails if the file is empty, not text, or readable
// by others. The error includes advice, except for a file that no longer exists.
[[nodiscard]] base::Result<std::string> reread(const ValueFile& file);

// The warning for a secret that is written in this configuration file: "is written in FILE, which others can read; run: ...". Empty when
// nobody else can read the file.
[[nodiscard]] std::string inline_secret_warning(const std::filesystem::path& file);

}  // namespace belfry::config
