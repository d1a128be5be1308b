#include "plugin/library.hpp"

#define BOOST_DLL_USE_STD_FS

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cstring>

#include "base/ids.hpp"
#include "plugin/digest.hpp"

namespace belfry::plugin {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string why() { return std::generic_category().message(errno); }

// Code that others could change would run with the gateway's rights.
base::Result<void> check_trusted(int fd, const fs::path& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return base::fail(path.string() + ": " + why());
  if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
    return base::fail(base::ErrorCode::invalid, path.string() + ": is owned by user " + std::to_string(info.st_uid) +
                                                    ", wanted root or user " + std::to_string(::geteuid()) + "; run: chown root " +
                                                    path.string());
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return base::fail(base::ErrorCode::invalid,
                      path.string() + ": can be written by group or others, wanted by its owner only; run: chmod go-w " + path.string());
  }
  return {};
}

base::Result<std::string> read_all(int fd, const fs::path& path) {
  constexpr std::size_t kLargest = 256UL * 1024 * 1024;
  std::string bytes;
  std::string piece(1024UL * 1024, '\0');
  for (;;) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(path.string() + ": " + why());
    if (got == 0) return bytes;
    bytes.append(piece, 0, static_cast<std::size_t>(got));
    if (bytes.size() > kLargest) return base::fail(base::ErrorCode::invalid, path.string() + ": is larger than 256 MiB, wanted a plugin");
  }
}

base::Result<void> write_all(const fs::path& path, std::string_view bytes) {
  const Descriptor out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500));
  if (!out.valid()) return base::fail(path.string() + ": " + why());
  while (!bytes.empty()) {
    const ssize_t put = ::write(out.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return base::fail(path.string() + ": " + why());
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

base::Result<void> prepare_store(const fs::path& store) {
  std::error_code error;
  fs::create_directories(store.parent_path(), error);
  if (::mkdir(store.c_str(), 0700) != 0 && errno != EEXIST) return base::fail(store.string() + ": " + why());
  const Descriptor directory(::open(store.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return base::fail(store.string() + ": " + why());
  return check_trusted(directory.get(), store);
}

// Boost.DLL wraps what dlerror() said: "... (dlerror system message: REASON): Bad file descriptor".
std::string loader_message(const std::exception& error) {
  const std::string_view text = error.what();
  constexpr std::string_view kBefore = "dlerror system message: ";
  const auto begin = text.find(kBefore);
  const auto end = text.rfind("): ");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return std::string(text);
  return std::string(text.substr(begin + kBefore.size(), end - begin - kBefore.size()));
}

bool holds(const fs::path& path, const std::string& digest) {
  const Descriptor in(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.valid()) return false;
  const auto bytes = read_all(in.get(), path);
  return bytes && sha256(*bytes) == digest;
}

}  // namespace

base::Result<std::vector<fs::path>> list_plugins(const fs::path& directory) {
  const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT) return std::vector<fs::path>();
    return base::fail(directory.string() + ": " + why());
  }
  if (const auto trusted = check_trusted(fd.get(), directory); !trusted) return std::unexpected(trusted.error());
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".so") files.push_back(entry->path());
  }
  if (error) return base::fail(directory.string() + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

base::Result<fs::path> private_copy(const fs::path& file, const fs::path& store) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!in.valid()) return base::fail(file.string() + ": " + why());
  if (const auto trusted = check_trusted(in.get(), file); !trusted) return std::unexpected(trusted.error());
  const auto bytes = read_all(in.get(), file);
  if (!bytes) return std::unexpected(bytes.error());
  if (const auto ready = prepare_store(store); !ready) return std::unexpected(ready.error());

  const std::string digest = sha256(*bytes);
  const fs::path copy = store / (digest + ".so");
  // An earlier copy may have been cut short by a crash: it counts only when it still has its digest.
  if (holds(copy, digest)) return copy;
  const fs::path fresh = store / (digest + "." + base::random_hex(8) + ".tmp");
  auto written = write_all(fresh, *bytes);
  if (written && ::rename(fresh.c_str(), copy.c_str()) != 0) written = base::fail(copy.string() + ": " + why());
  if (!written) {
    ::unlink(fresh.c_str());
    return std::unexpected(written.error());
  }
  return copy;
}

base::Result<belfry_plugin_entry_fn> load_entry(const fs::path& copy, const std::string& name) {
  try {
    // RTLD_NODELETE: Boost.DLL closes a library in its destructor, and this one is to stay.
    constexpr auto kMode = static_cast<boost::dll::load_mode::type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    boost::dll::shared_library library(copy, kMode);
    if (!library.has(BELFRY_PLUGIN_ENTRY_NAME)) {
      return base::fail(base::ErrorCode::invalid, name + ": exports no " BELFRY_PLUGIN_ENTRY_NAME
                                                         "(), wanted that function; this is not a Belfry plugin for this gateway");
    }
    return &library.get<const belfry_plugin_entry*()>(BELFRY_PLUGIN_ENTRY_NAME);
  } catch (const std::exception& error) {
    return base::fail(base::ErrorCode::invalid, name + ": cannot be loaded: " + loader_message(error));
  }
}

}  // namespace belfry::plugin
