// Disk space reserved for the case of a full disk: a file of zeros next to the database, which is safe to remove. The store releases the
// space when the disk is full, so that outcomes can be recorded and stored notifications delivered. Nothing new is accepted until the
// reserve can be allocated again.
// Thread rule: as for Medium.
#pragma once
#include <filesystem>

namespace belfry::store::sqlite {

class Reserve {
 public:
  explicit Reserve(const std::filesystem::path& database);

  // Allocates the space if necessary. False: there is no space for it. If the file system cannot reserve space, checks the free space.
  [[nodiscard]] bool allocate() noexcept;
  // True: the space was allocated and is now free.
  [[nodiscard]] bool release() noexcept;
  [[nodiscard]] bool allocated() const { return allocated_; }

 private:
  std::filesystem::path path_;
  bool allocated_ = false;
};

}  // namespace belfry::store::sqlite
