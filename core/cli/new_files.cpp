#include "cli/new_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "base/errno_message.hpp"

namespace belfry::cli {
namespace {

namespace fs = std::filesystem;

base::Error failed(const fs::path& path, const std::string& what) {
  return {base::ErrorCode::failed, path.string() + " cannot be written: " + what + ": " + base::errno_message()};
}

// A temporary file beside its target. Destruction removes it, and an installed new file unless commit() was called.
class StagedFile {
 public:
  explicit StagedFile(const NewFile& file)
      : file_(file), temp_path_((file.path.parent_path() / ("." + file.path.filename().string() + ".XXXXXX"))) {}
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;
  ~StagedFile() {
    if (staged_) ::unlink(temp_path_.c_str());
    if (installed_) ::unlink(file_.path.c_str());
  }

  base::Result<void> write() {
    const int fd = ::mkostemp(temp_path_.data(), O_CLOEXEC);
    if (fd < 0) return std::unexpected(failed(file_.path, "its directory"));
    staged_ = true;
    auto written = fill(fd);
    if (::close(fd) != 0 && written) return std::unexpected(failed(file_.path, "close"));
    return written;
  }

  base::Result<void> install(bool replace) {
    const int done = replace ? ::rename(temp_path_.c_str(), file_.path.c_str()) : ::link(temp_path_.c_str(), file_.path.c_str());
    if (done != 0) return std::unexpected(failed(file_.path, replace ? "rename" : "link"));
    if (replace) {
      staged_ = false;
    } else {
      installed_ = true;  // nothing was overwritten, so it can be undone
    }
    return {};
  }

  void commit() { installed_ = false; }

 private:
  base::Result<void> fill(int fd) const {
    // Before the file has any content to protect.
    if (file_.group && ::fchown(fd, static_cast<uid_t>(-1), *file_.group) != 0) return std::unexpected(failed(file_.path, "its group"));
    if (::fchmod(fd, file_.mode) != 0) return std::unexpected(failed(file_.path, "its mode"));
    std::string_view rest = file_.text;
    while (!rest.empty()) {
      const auto wrote = ::write(fd, rest.data(), rest.size());
      if (wrote < 0) return std::unexpected(failed(file_.path, "write"));
      rest.remove_prefix(static_cast<std::size_t>(wrote));
    }
    if (::fsync(fd) != 0) return std::unexpected(failed(file_.path, "fsync"));
    return {};
  }

  const NewFile& file_;
  std::string temp_path_;
  bool staged_ = false;
  bool installed_ = false;
};

void sync_directory(const fs::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

base::Result<void> write_new_files(const std::vector<NewFile>& files, bool replace) {
  std::string existing;
  std::size_t count = 0;
  for (const auto& file : files) {
    struct stat found{};
    if (replace || ::lstat(file.path.c_str(), &found) != 0) continue;
    existing += (count++ == 0 ? "" : " and ") + file.path.string();
  }
  if (count > 0)
    return base::fail(existing + (count == 1 ? " exists" : " exist") + "; nothing was written; --force replaces " +
                      (count == 1 ? "it" : "them"));

  std::vector<std::unique_ptr<StagedFile>> staged;
  for (const auto& file : files) {
    staged.push_back(std::make_unique<StagedFile>(file));
    if (auto written = staged.back()->write(); !written) return written;
  }
  for (const auto& file : staged) {
    if (auto placed = file->install(replace); !placed) return placed;
  }
  for (const auto& file : staged) file->commit();
  for (const auto& file : files) sync_directory(file.path.parent_path());
  return {};
}

}  // namespace belfry::cli
