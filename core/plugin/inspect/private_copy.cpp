#include "plugin/inspect/private_copy.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/errno_message.hpp"
#include "base/ids.hpp"
#include "plugin/inspect/sha256.hpp"
#include "plugin/inspect/trusted_file.hpp"

namespace belfry::plugin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCopy = ".so";
constexpr const char* kUnfinished = ".tmp";

bool lock(const Descriptor& file, int how) {
  while (::flock(file.get(), how) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

base::Result<std::string> read_all(int fd, const fs::path& path) {
  constexpr std::size_t kLargest = 256UL * 1024 * 1024;
  constexpr std::size_t kPiece = 64UL * 1024;  // margin for a file that grows while it is read
  struct stat found{};
  if (::fstat(fd, &found) != 0) return base::fail(path.string() + ": " + base::errno_message());
  std::string bytes;
  for (std::size_t size = 0;;) {
    if (size > kLargest) return base::fail(base::ErrorCode::invalid, path.string() + ": is larger than 256 MiB, wanted a plugin");
    if (size == bytes.size()) bytes.resize(std::clamp(static_cast<std::size_t>(found.st_size), size, kLargest) + kPiece);
    const ssize_t got = ::read(fd, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(path.string() + ": " + base::errno_message());
    if (got == 0) {
      bytes.resize(size);
      return bytes;
    }
    size += static_cast<std::size_t>(got);
  }
}

base::Result<void> write_all(const Descriptor& out, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(out.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return base::fail(path.string() + ": " + base::errno_message());
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

base::Result<void> make_store(const fs::path& store) {
  std::error_code error;
  fs::create_directories(store.parent_path(), error);
  if (::mkdir(store.c_str(), 0700) != 0 && errno != EEXIST) return base::fail(store.string() + ": " + base::errno_message());
  return {};
}

// Null unless the file exists and is complete: a crash may have cut an earlier copy short.
std::shared_ptr<const Descriptor> hold_existing(const fs::path& copy, std::string_view wanted) {
  auto file = std::make_shared<const Descriptor>(::open(copy.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file->valid()) return nullptr;
  const auto bytes = read_all(file->get(), copy);
  if (!bytes || *bytes != wanted) return nullptr;
  static_cast<void>(lock(*file, LOCK_SH));
  return file;
}

base::Result<std::shared_ptr<const Descriptor>> make_copy(const fs::path& copy, std::string_view bytes) {
  const fs::path fresh = fs::path(copy).replace_extension(base::random_hex(8) + kUnfinished);
  {
    const Descriptor out(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500));
    auto written = out.valid() ? write_all(out, bytes, fresh) : base::fail(fresh.string() + ": " + base::errno_message());
    if (written && ::rename(fresh.c_str(), copy.c_str()) != 0) written = base::fail(copy.string() + ": " + base::errno_message());
    if (!written) {
      ::unlink(fresh.c_str());
      return std::unexpected(written.error());
    }
  }
  auto file = std::make_shared<const Descriptor>(::open(copy.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file->valid()) return base::fail(copy.string() + ": " + base::errno_message());
  static_cast<void>(lock(*file, LOCK_SH));
  return file;
}

bool is_unused(const fs::path& copy) {
  const Descriptor file(::open(copy.c_str(), O_RDONLY | O_CLOEXEC));
  return file.valid() && lock(file, LOCK_EX | LOCK_NB);
}

}  // namespace

base::Result<PrivateCopy> private_copy(const fs::path& file, const fs::path& store) {
  const auto in = open_trusted(file, O_RDONLY | O_NONBLOCK);
  if (!in) return std::unexpected(in.error());
  const auto bytes = read_all(in->get(), file);
  if (!bytes) return std::unexpected(bytes.error());

  if (const auto made = make_store(store); !made) return std::unexpected(made.error());
  const Descriptor directory(::open(store.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return base::fail(store.string() + ": " + base::errno_message());
  if (const auto trusted = check_trusted(directory.get(), store); !trusted) return std::unexpected(trusted.error());
  // Until the copy is held, the lock keeps other processes from removing or replacing it.
  static_cast<void>(lock(directory, LOCK_EX));

  const fs::path copy = store / (sha256(*bytes) + kCopy);
  if (auto held = hold_existing(copy, *bytes)) return PrivateCopy{copy, std::move(held)};
  auto held = make_copy(copy, *bytes);
  if (!held) return std::unexpected(held.error());
  return PrivateCopy{copy, std::move(*held)};
}

std::size_t remove_unused_copies(const fs::path& store) {
  const Descriptor directory(::open(store.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || !lock(directory, LOCK_EX)) return 0;
  std::size_t removed = 0;
  std::error_code error;
  for (fs::directory_iterator entry(store, error), end; !error && entry != end; entry.increment(error)) {
    const auto& path = entry->path();
    // Copies are written with the store locked, so an unfinished file is a leftover.
    const bool unused = path.extension() == kUnfinished || (path.extension() == kCopy && is_unused(path));
    if (unused && ::unlink(path.c_str()) == 0) ++removed;
  }
  return removed;
}

}  // namespace belfry::plugin
