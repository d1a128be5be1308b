// Disk space that is kept for a full disk: given up then, so that outcomes are recorded and what is stored is delivered, while nothing new
// is accepted until there is room for it again. A file of zeros beside the database; removing it by hand does no harm.
// Thread rule: that of the store.
#pragma once
#include <filesystem>

namespace belfry::store::sqlite {

class Reserve {
 public:
  explicit Reserve(const std::filesystem::path& database);

  // Whether the space is kept; tries to take it when it is not. A file system that cannot reserve space counts as one with room.
  [[nodiscard]] bool take() noexcept;
  // True: there was some, and it is free now.
  [[nodiscard]] bool give_up() noexcept;
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  std::filesystem::path path_;
  bool taken_ = false;
};

}  // namespace belfry::store::sqlite
