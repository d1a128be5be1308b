#include "cli/doctor/disk.hpp"

namespace belfry::cli::doctor {
namespace {

std::string size_text(std::uint64_t bytes) {
  if (bytes < 10 * kMebibyte) return std::to_string(bytes / 1024) + " KiB";
  if (bytes < 10 * 1024 * kMebibyte) return std::to_string(bytes / kMebibyte) + " MiB";
  return std::to_string(bytes / (1024 * kMebibyte)) + " GiB";
}

}  // namespace

Findings disk_findings(const DiskFacts& facts) {
  Findings out;
  const auto where = "the file system of " + facts.directory.string();
  const auto usage = "du -xh --max-depth=2 " + facts.directory.string();
  if (facts.read_only)
    out.push_back({Severity::urgent, kDiskArea, where + " is mounted read-only",
                   "Check the kernel log for disk errors, and mount it read-write", "findmnt --target " + facts.directory.string()});
  if (facts.free < kSpaceWarning) {
    const bool urgent = facts.free < kSpaceUrgent;
    out.push_back({urgent ? Severity::urgent : Severity::warning, kDiskArea,
                   where + " has " + size_text(facts.free) + " of " + size_text(facts.total) + " free; at least " +
                       size_text(kSpaceWarning) + " is recommended" +
                       (urgent ? "; on a full disk the gateway accepts no notifications" : ""),
                   "Free some space there, or shorten store.retention", usage});
  } else if (facts.free < facts.queue) {
    out.push_back({Severity::note, kDiskArea,
                   where + " has " + size_text(facts.free) + " free, and the queue has " + size_text(facts.queue) +
                       ": `belfry backup` has no space for a copy",
                   "Free some space there before the next backup", usage});
  }
  if (facts.files_total > 0 && facts.files_free < kFilesUrgent)
    out.push_back({Severity::urgent, kDiskArea, where + " can hold " + std::to_string(facts.files_free) + " more files",
                   "Remove files there", "df --inodes " + facts.directory.string()});
  return out;
}

}  // namespace belfry::cli::doctor
