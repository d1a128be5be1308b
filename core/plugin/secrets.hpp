// The secret values of one sink, behind opaque references. What a plugin holds is "secret:SINK/POINTER"; the value is shown to it when it
// asks. A value that a file holds is read again when the file has changed, so that a secret is replaced without a reload.
// Thread rule: any thread, once the configuration has been checked. Ownership: shared by the sink's instance and whoever checked it.
#pragma once
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace belfry::plugin {

struct SecretFile {
  std::filesystem::path path;                       // looked at (one stat) to see whether it has changed
  std::function<base::Result<std::string>()> read;  // what it holds now; the error is a sentence for people
  explicit operator bool() const { return bool(read); }
};

class SecretTable {
 public:
  // Returns the reference.
  std::string add(const std::string& sink, const std::string& pointer, std::string value, SecretFile file = {});

  [[nodiscard]] bool contains(std::string_view reference) const;

  struct Revealed {
    base::Secret value;    // empty when it is missing
    bool changed = false;  // its file holds another one since it was revealed last
    std::string trouble;   // its file cannot be used, said once: the last good value goes on
  };
  // The present value, which `scrubber` knows from now on. None when the reference is unknown.
  [[nodiscard]] std::optional<Revealed> reveal(std::string_view reference, base::Scrubber& scrubber);

  // The fingerprint of the value that the table was filled with; empty for an unknown reference and for the empty value.
  [[nodiscard]] std::string first_fingerprint(std::string_view reference) const;

  // Names a value without telling it: equal for equal values, in every process. Empty for the empty value.
  [[nodiscard]] static std::string fingerprint(const base::Secret& secret);

  // Whose budgets those of `sink` are: of all that have the same value behind `reference`, or its own when there is none.
  [[nodiscard]] std::string owner(std::string_view reference, const std::string& sink) const;

 private:
  // How a file looks from outside. Files with equal stamps hold the same.
  struct Stamp {
    dev_t device{};
    ino_t inode{};
    off_t size{};
    std::int64_t modified_ns{}, changed_ns{};
    bool operator==(const Stamp&) const = default;
  };
  struct Entry {
    base::Secret value;
    std::string first_fingerprint;
    SecretFile file;
    std::optional<Stamp> read_at;  // none: to be read, however it looks
    bool troubled = false;
  };
  static void look_at_file(Entry& entry, base::Scrubber& scrubber, Revealed& out);

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace belfry::plugin
