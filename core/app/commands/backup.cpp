#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <system_error>

#include "app/admin_client.hpp"
#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "base/ids.hpp"
#include "base/system_reason.hpp"
#include "store/backup.hpp"

namespace belfry::app {
namespace {

using nlohmann::json;

constexpr int kPollMillis = 100;
constexpr base::Millis kOnePiece{60'000};

struct Made {
  std::uint64_t bytes = 0;
  std::uint64_t waiting = 0;
  std::string taken_at;
};

// A file that goes away unless it is kept.
class Partial {
 public:
  explicit Partial(const std::filesystem::path& wanted) : path_(wanted.string() + "." + base::random_hex(4) + ".partial") {}
  ~Partial() {
    if (!kept_) ::unlink(path_.c_str());
  }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Durable, and under its name, which nobody else has taken meanwhile.
  base::Result<void> keep(const std::filesystem::path& wanted) {
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool durable = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!durable) return base::fail(path_.string() + ": cannot be written durably: " + base::system_reason());
    if (auto named = rename_to(wanted); !named) return named;
    kept_ = true;
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
    const bool not_known_here = errno == EINVAL || errno == ENOSYS;  // to this file system
    if (not_known_here && !std::filesystem::exists(wanted) && ::rename(path_.c_str(), wanted.c_str()) == 0) return {};
    return base::fail(wanted.string() + ": cannot be made: " + base::system_reason());
  }

  std::filesystem::path path_;
  bool kept_ = false;
};

// Reads it from the gateway piece by piece.
base::Result<void> fetch(const GatewayAddresses& gateway, const std::string& id, std::uint64_t bytes, const std::filesystem::path& to) {
  const int out = ::open(to.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (out < 0) return base::fail(to.string() + ": cannot be made: " + base::system_reason());
  base::Result<void> result;
  for (std::uint64_t at = 0; result && at < bytes;) {
    const auto piece = ask_gateway_text(
        gateway, {.path = "/api/v1/backup/data?id=" + id + "&from=" + std::to_string(at), .method = "GET", .timeout = kOnePiece});
    if (!piece || piece->empty()) {
      result = piece ? base::fail("the gateway sent less than it has announced; try again") : std::unexpected(piece.error());
      break;
    }
    for (std::size_t put = 0; put < piece->size();) {
      const auto wrote = ::write(out, piece->data() + put, piece->size() - put);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) {
        result = base::fail(to.string() + ": cannot be written: " + base::system_reason());
        break;
      }
      put += static_cast<std::size_t>(wrote);
    }
    at += piece->size();
  }
  ::close(out);
  return result;
}

base::Result<Made> from_gateway(const GatewayAddresses& gateway, const std::filesystem::path& to) {
  auto state = ask_gateway(gateway, {"/api/v1/backup", "POST"});
  if (!state) return std::unexpected(state.error());
  const auto id = state->value("id", "");
  const auto about = "/api/v1/backup?id=" + id;
  while (state && state->value("state", "") == "copying") {
    ::poll(nullptr, 0, kPollMillis);  // the gateway announces nothing
    state = ask_gateway(gateway, {about});
  }
  if (!state) return base::fail(state.error().message);
  auto result = state->value("state", "") == "ready" ? fetch(gateway, id, state->value("bytes", std::uint64_t{0}), to)
                                                     : base::Result<void>(base::fail(state->value("error", "no reason is known")));
  static_cast<void>(ask_gateway(gateway, {about, "DELETE"}));
  if (!result) return base::fail(result.error().message);
  return Made{state->value("bytes", std::uint64_t{0}), state->value("waiting", std::uint64_t{0}), state->value("taken_at", "")};
}

// No gateway runs: the file is locked and copied here.
base::Result<Made> from_file(const config::Settings& settings, const std::filesystem::path& to, const std::string& no_gateway) {
  const auto made = store::backup_unused(settings.store.path, to, base::SystemClock().now());
  if (!made) return base::fail(made.error().message + " (" + no_gateway + ")");
  return Made{made->bytes, made->waiting, base::to_rfc3339(made->taken_at)};
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024UL * 1024) return std::to_string((bytes + 1023) / 1024) + " KiB";
  return std::to_string(bytes / 1024 / 1024) + "." + std::to_string(bytes * 10 / 1024 / 1024 % 10) + " MiB";
}

std::string waiting_text(std::uint64_t waiting) {
  return waiting == 1 ? "1 delivery waits in it" : std::to_string(waiting) + " deliveries wait in it";
}

// What the store says may begin with the command already.
int fail(const std::string& command, const std::string& what) {
  std::cerr << "belfry " << (what.starts_with(command + ": ") ? "" : command + ": ") << what << "\n";
  return 1;
}

}  // namespace

int backup_command(const CommonOptions& common, const std::filesystem::path& file) {
  const auto loaded = load_configuration(common);
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(file, ignored)))
    return fail("backup", file.string() + ": exists already; name a new file");

  Partial partial(file);
  auto made = from_gateway(gateway_addresses(common, loaded), partial.path());
  if (!made && made.error().code == base::ErrorCode::unavailable && loaded.settings)
    made = from_file(*loaded.settings, partial.path(), made.error().message);
  if (!made) {
    if (!loaded.settings) print_errors(loaded.problems);
    return fail("backup", made.error().message);
  }
  if (const auto whole = store::inspect_file(partial.path()); !whole)
    return fail("backup", "the copy is not whole: " + whole.error().message);
  if (const auto kept = partial.keep(file); !kept) return fail("backup", kept.error().message);
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
  const auto what =
      found->backup_of ? "a whole backup, taken at " + base::to_rfc3339(*found->backup_of) : std::string("a whole queue, but not a backup");
  std::cout << file.string() << ": " << what << ", " << size_text(found->bytes) << "; " << waiting_text(found->waiting) << "\n";
  return 0;
}

}  // namespace belfry::app
