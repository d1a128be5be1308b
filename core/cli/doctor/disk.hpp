// Findings about the file system of the queue. Pure.
#pragma once
#include <cstdint>
#include <filesystem>

#include "cli/doctor/finding.hpp"

namespace belfry::cli::doctor {

inline constexpr const char* kDiskArea = "disk";

inline constexpr std::uint64_t kMebibyte = 1024UL * 1024;
// The gateway accepts nothing once the reserve of the queue, at most 16 MiB, cannot be allocated.
inline constexpr std::uint64_t kSpaceUrgent = 64 * kMebibyte;
inline constexpr std::uint64_t kSpaceWarning = 512 * kMebibyte;
inline constexpr std::uint64_t kFilesUrgent = 100;

struct DiskFacts {
  std::filesystem::path directory;  // of the queue
  std::uint64_t free = 0;           // bytes that this user can write
  std::uint64_t total = 0;
  std::uint64_t files_free = 0;
  std::uint64_t files_total = 0;  // 0: the file system has no limit
  std::uint64_t queue = 0;        // bytes of the database
  bool read_only = false;
};

[[nodiscard]] Findings disk_findings(const DiskFacts& facts);

}  // namespace belfry::cli::doctor
