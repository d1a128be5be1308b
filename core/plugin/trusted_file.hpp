// Files whose owner and mode say who could have written them: code that others could change would run with the gateway's rights.
// Thread rule: any thread.
#pragma once
#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace belfry::plugin {

// An open file, closed with this object.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

// errno in words.
[[nodiscard]] std::string system_reason();

// Owned by root or this user, and written by no others. The error says how to mend that; `path` is what it calls the file.
[[nodiscard]] base::Result<void> check_trusted(int fd, const std::filesystem::path& path);

}  // namespace belfry::plugin
