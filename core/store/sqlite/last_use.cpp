#include "store/sqlite/last_use.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>

namespace belfry::store::sqlite {
namespace {

// "00000000000000000042 00000000000000131074\n": the number of the state and the inode of the database. The length is fixed, so that a
// write replaces the text in place and needs no space on a full disk.
struct Kept {
  std::int64_t state = 0;
  std::uint64_t inode = 0;
};
constexpr std::size_t kDigits = 20;
constexpr std::size_t kBytes = 2 * kDigits + 2;

template <class Number>
bool read_number(const char* begin, Number& out) {
  const auto [stopped, error] = std::from_chars(begin, begin + kDigits, out);
  return error == std::errc() && stopped == begin + kDigits;
}

std::optional<Kept> read(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return std::nullopt;
  std::array<char, kBytes> text{};
  const auto got = ::pread(fd, text.data(), text.size(), 0);
  ::close(fd);
  Kept kept;
  if (got != static_cast<ssize_t>(kBytes) || !read_number(text.data(), kept.state) || !read_number(text.data() + kDigits + 1, kept.inode))
    return std::nullopt;
  return kept;
}

std::optional<std::uint64_t> inode_of(const std::filesystem::path& file) {
  struct stat found{};
  if (::stat(file.c_str(), &found) != 0) return std::nullopt;
  return found.st_ino;
}

// 0: its use has never been recorded.
std::int64_t state_of(Connection& connection) {
  return connection.number("SELECT ifnull(max(value), 0) FROM counters WHERE name = 'state'");
}

}  // namespace

LastUse::LastUse(const std::filesystem::path& database) : database_(database), path_(database.string() + "-last-use") {}

bool LastUse::is_copy(Connection& connection) const {
  const auto state = state_of(connection);
  if (state == 0) return false;
  const auto kept = read(path_);
  return !kept || kept->state > state || kept->inode != inode_of(database_);
}

void LastUse::advance(Connection& connection) const {
  // Not before the file exists: its absence means a copy once a state is recorded.
  if (!kept_) return;
  connection.run("INSERT INTO counters(name, value) VALUES('state', 1) ON CONFLICT(name) DO UPDATE SET value = value + 1");
}

void LastUse::save(Connection& connection) noexcept {
  try {
    const auto inode = inode_of(database_);
    if (!inode) return;
    std::array<char, kBytes + 1> text{};
    std::snprintf(text.data(), text.size(), "%020lld %020llu\n", static_cast<long long>(state_of(connection)),
                  static_cast<unsigned long long>(*inode));
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) return;
    const bool wrote = ::pwrite(fd, text.data(), kBytes, 0) == static_cast<ssize_t>(kBytes);
    kept_ = ::close(fd) == 0 && (wrote || kept_);
  } catch (...) {
    // The file lags behind.
  }
}

}  // namespace belfry::store::sqlite
