#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <system_error>

#include "base/errno_message.hpp"
#include "base/ids.hpp"
#include "cli/admin_client.hpp"
#include "cli/commands/commands.hpp"
#include "cli/print_diagnostics.hpp"
#include "config/load.hpp"
#include "store/backup.hpp"

namespace belfry::cli {
namespace {

using nlohmann::json;

constexpr int kPollMillis = 100;
constexpr base::Millis kChunkTimeout{60'000};

struct BackupSummary {
  std::uint64_t bytes = 0;
  std::uint64_t waiting = 0;
  std::string taken_at;
};

// A file that is removed unless it is committed.
class PartialFile {
 public:
  explicit PartialFile(const std::filesystem::path& wanted) : path_(wanted.string() + "." + base::random_hex(4) + ".partial") {}
  ~PartialFile() {
    if (!committed_) ::unlink(path_.c_str());
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Syncs the file and renames it to `wanted`, unless another file has taken that name meanwhile.
  base::Result<void> commit(const std::filesystem::path& wanted) {
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool durable = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!durable) return base::fail(path_.string() + ": cannot be written durably: " + base::errno_message());
    if (auto named = rename_to(wanted); !named) return named;
    committed_ = true;
    const auto directory = ::open(std::filesystem::absolute(wanted).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
      ::fsync(directory);
      ::close(directory);
    }
    return {};
  }

 private:
  [[nodiscard]] base::Result<void> rename_to(const std::filesystem::path& wanted) const {
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, wanted.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno == EEXIST) return base::fail(wanted.string() + ": exists already; name a new file");
    const bool unsupported = errno == EINVAL || errno == ENOSYS;  // by this file system
    if (unsupported && !std::filesystem::exists(wanted) && ::rename(path_.c_str(), wanted.c_str()) == 0) return {};
    return base::fail(wanted.string() + ": cannot be created: " + base::errno_message());
  }

  std::filesystem::path path_;
  bool committed_ = false;
};

// Downloads the backup from the gateway in chunks.
base::Result<void> fetch(const GatewayAddresses& gateway, const std::string& id, std::uint64_t bytes, const std::filesystem::path& to) {
  const int out = ::open(to.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (out < 0) return base::fail(to.string() + ": cannot be created: " + base::errno_message());
  base::Result<void> result;
  for (std::uint64_t at = 0; result && at < bytes;) {
    const auto chunk = call_gateway_text(
        gateway, {.path = "/api/v1/backup/data?id=" + id + "&from=" + std::to_string(at), .method = "GET", .timeout = kChunkTimeout});
    if (!chunk || chunk->empty()) {
      result = chunk ? base::fail("the gateway sent fewer bytes than announced; try again") : std::unexpected(chunk.error());
      break;
    }
    for (std::size_t put = 0; put < chunk->size();) {
      const auto wrote = ::write(out, chunk->data() + put, chunk->size() - put);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) {
        result = base::fail(to.string() + ": cannot be written: " + base::errno_message());
        break;
      }
      put += static_cast<std::size_t>(wrote);
    }
    at += chunk->size();
  }
  ::close(out);
  return result;
}

base::Result<BackupSummary> copy_from_gateway(const GatewayAddresses& gateway, const std::filesystem::path& to) {
  auto state = call_gateway(gateway, {"/api/v1/backup", "POST"});
  if (!state) return std::unexpected(state.error());
  const auto id = state->value("id", "");
  const auto about = "/api/v1/backup?id=" + id;
  while (state && state->value("state", "") == "copying") {
    ::poll(nullptr, 0, kPollMillis);  // the gateway sends no notification
    state = call_gateway(gateway, {about});
  }
  if (!state) return base::fail(state.error().message);
  auto result = state->value("state", "") == "ready"
                    ? fetch(gateway, id, state->value("bytes", std::uint64_t{0}), to)
                    : base::Result<void>(base::fail(state->value("error", "the backup failed for an unknown reason")));
  static_cast<void>(call_gateway(gateway, {about, "DELETE"}));
  if (!result) return base::fail(result.error().message);
  return BackupSummary{state->value("bytes", std::uint64_t{0}), state->value("waiting", std::uint64_t{0}), state->value("taken_at", "")};
}

// If no gateway runs, locks the file and copies it here.
base::Result<BackupSummary> copy_from_file(const config::Settings& settings, const std::filesystem::path& to,
                                           const std::string& no_gateway) {
  const auto made = store::backup_offline(settings.store.path, to, base::SystemClock().now());
  if (!made) return base::fail(made.error().message + " (" + no_gateway + ")");
  return BackupSummary{made->bytes, made->waiting, base::to_rfc3339(made->taken_at)};
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024UL * 1024) return std::to_string((bytes + 1023) / 1024) + " KiB";
  return std::to_string(bytes / 1024 / 1024) + "." + std::to_string(bytes * 10 / 1024 / 1024 % 10) + " MiB";
}

std::string waiting_text(std::uint64_t waiting) {
  return waiting == 1 ? "1 delivery queued" : std::to_string(waiting) + " deliveries queued";
}

// A message of the store may already begin with the command.
int fail(const std::string& command, const std::string& what) {
  std::cerr << "belfry " << (what.starts_with(command + ": ") ? "" : command + ": ") << what << "\n";
  return 1;
}

}  // namespace

int backup_command(const CommonOptions& common, const std::filesystem::path& file) {
  const auto loaded = config::load_configuration(common.config);
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(file, ignored)))
    return fail("backup", file.string() + ": exists already; name a new file");

  PartialFile partial(file);
  auto made = copy_from_gateway(gateway_addresses(common.config, loaded), partial.path());
  if (!made && made.error().code == base::ErrorCode::unavailable && loaded.settings)
    made = copy_from_file(*loaded.settings, partial.path(), made.error().message);
  if (!made) {
    if (!loaded.settings) print_errors(loaded.problems);
    return fail("backup", made.error().message);
  }
  if (const auto whole = store::inspect_file(partial.path()); !whole)
    return fail("backup", "the copy is not intact: " + whole.error().message);
  if (const auto kept = partial.commit(file); !kept) return fail("backup", kept.error().message);
  if (common.json) {
    std::cout << json{{"file", std::filesystem::absolute(file).string()},
                      {"bytes", made->bytes},
                      {"taken_at", made->taken_at},
                      {"waiting", made->waiting}}
                     .dump(2)
              << "\n";
  } else {
    std::cout << file.string() << ": " << size_text(made->bytes) << ", taken at " << made->taken_at << "; " << waiting_text(made->waiting)
              << "\n";
  }
  return 0;
}

int check_backup_command(const CommonOptions& common, const std::filesystem::path& file) {
  const auto found = store::inspect_file(file);
  if (common.json) {
    auto document = found ? json{{"valid", true}, {"bytes", found->bytes}, {"waiting", found->waiting}, {"taken_at", nullptr}}
                          : json{{"valid", false}, {"error", found.error().message}};
    if (found && found->backup_of) document["taken_at"] = base::to_rfc3339(*found->backup_of);
    std::cout << document.dump(2) << "\n";
    return found ? 0 : 1;
  }
  if (!found) return fail("check", found.error().message);
  const auto what = found->backup_of ? "an intact backup, taken at " + base::to_rfc3339(*found->backup_of)
                                     : std::string("an intact queue, but not a backup");
  std::cout << file.string() << ": " << what << ", " << size_text(found->bytes) << "; " << waiting_text(found->waiting) << "\n";
  return 0;
}

}  // namespace belfry::cli
