// The secret values of one sink and its account, behind opaque references. A plugin holds "secret:SINK/POINTER" and gets the value on
// request. A value from a file is read again when the file has changed, so that a secret can be replaced without a reload.
// Thread rule: any thread, once the configuration has been checked. Ownership: shared by the sink's instance and the code that checked it.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/file_stamp.hpp"
#include "base/secret.hpp"

namespace belfry::plugin {

struct SecretFile {
  std::filesystem::path path;                       // checked for changes with one stat()
  std::function<base::Result<std::string>()> read;  // returns the current contents; the error is a sentence for people
  explicit operator bool() const { return bool(read); }
};

class SecretTable {
 public:
  // Returns the reference.
  std::string add(const std::string& sink, const std::string& pointer, std::string value, SecretFile file = {});

  [[nodiscard]] bool contains(std::string_view reference) const;

  struct Revealed {
    base::Secret value;    // empty when missing
    bool changed = false;  // the file holds a different value than at the last reveal
    std::string error;     // why the file cannot be used, reported once; the last good value stays in use
  };
  // Returns the current value, which `scrubber` scrubs from now on. None when the reference is unknown.
  [[nodiscard]] std::optional<Revealed> reveal(std::string_view reference, base::Scrubber& scrubber);

  // The fingerprint of the value passed to add(); empty for an unknown reference and for the empty value.
  [[nodiscard]] std::string first_fingerprint(std::string_view reference) const;

  // Identifies a value without revealing it: equal for equal values, in every process. Empty for the empty value.
  [[nodiscard]] static std::string fingerprint(const base::Secret& secret);

  // The owner of the budgets of `sink`: shared by all sinks with the same first value behind `reference`; the sink itself when there is
  // none.
  [[nodiscard]] std::string owner(std::string_view reference, const std::string& sink) const;

 private:
  struct Entry {
    base::Secret value;
    std::string first_fingerprint;
    SecretFile file;
    std::optional<base::FileStamp> read_at;  // none: read again whatever the stamp
    bool failing = false;
  };
  static void refresh(Entry& entry, base::Scrubber& scrubber, Revealed& out);

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace belfry::plugin
