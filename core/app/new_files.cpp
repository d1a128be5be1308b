#include "app/new_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "base/system_reason.hpp"

namespace belfry::app {
namespace {

namespace fs = std::filesystem;

base::Error failed(const fs::path& path, const std::string& what) {
  return {base::ErrorCode::failed, path.string() + " cannot be written: " + what + ": " + base::system_reason()};
}

// A file beside its place; it goes with this object unless it was put there.
class Draft {
 public:
  explicit Draft(const NewFile& file)
      : file_(file), draft_((file.path.parent_path() / ("." + file.path.filename().string() + ".XXXXXX"))) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (made_) ::unlink(draft_.c_str());
    if (placed_) ::unlink(file_.path.c_str());
  }

  base::Result<void> write() {
    const int fd = ::mkostemp(draft_.data(), O_CLOEXEC);
    if (fd < 0) return std::unexpected(failed(file_.path, "its directory"));
    made_ = true;
    auto written = fill(fd);
    if (::close(fd) != 0 && written) return std::unexpected(failed(file_.path, "close"));
    return written;
  }

  base::Result<void> place(bool replace) {
    const int done = replace ? ::rename(draft_.c_str(), file_.path.c_str()) : ::link(draft_.c_str(), file_.path.c_str());
    if (done != 0) return std::unexpected(failed(file_.path, replace ? "rename" : "link"));
    if (replace) {
      made_ = false;
    } else {
      placed_ = true;  // nothing was lost by that: it can be taken back
    }
    return {};
  }

  void keep() { placed_ = false; }

 private:
  base::Result<void> fill(int fd) const {
    // Before there is anything in it to be read.
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
  std::string draft_;
  bool made_ = false;
  bool placed_ = false;
};

void sync_directory(const fs::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

base::Result<void> write_new_files(const std::vector<NewFile>& files, bool replace) {
  std::string there;
  std::size_t count = 0;
  for (const auto& file : files) {
    struct stat found{};
    if (replace || ::lstat(file.path.c_str(), &found) != 0) continue;
    there += (count++ == 0 ? "" : " and ") + file.path.string();
  }
  if (count > 0)
    return base::fail(there + (count == 1 ? " exists" : " exist") + "; nothing was written; --force replaces " +
                      (count == 1 ? "it" : "them"));

  std::vector<std::unique_ptr<Draft>> drafts;
  for (const auto& file : files) {
    drafts.push_back(std::make_unique<Draft>(file));
    if (auto written = drafts.back()->write(); !written) return written;
  }
  for (const auto& draft : drafts) {
    if (auto placed = draft->place(replace); !placed) return placed;
  }
  for (const auto& draft : drafts) draft->keep();
  for (const auto& file : files) sync_directory(file.path.parent_path());
  return {};
}

}  // namespace belfry::app
