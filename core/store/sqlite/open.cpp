#include "store/group/group_store.hpp"
#include "store/sqlite/medium.hpp"
#include "store/sqlite/open_files.hpp"
#include "store/sqlite/vetting.hpp"

namespace belfry::store {
namespace {

std::unexpected<base::Error> refused(const std::exception& failure) {
  return base::fail(base::ErrorCode::unavailable, std::string("store ") + failure.what());
}

}  // namespace

base::Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& file, const base::Clock& clock, base::Logger log,
                                                 CommitObserver observer) {
  try {
    // Turn off SQLite's memory statistics: unused here, they take a lock for every allocation (sqlite.org, sqlite3_config).
    static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(uncounted);
    auto medium = std::make_unique<sqlite::SqliteMedium>(file, clock, std::move(log));
    return std::make_unique<GroupStore>(std::move(medium), clock, std::move(observer));
  } catch (const std::exception& failure) {
    return refused(failure);
  }
}

base::Result<void> check_sqlite(const std::filesystem::path& file) {
  try {
    sqlite::check_acceptable(file);
    return {};
  } catch (const std::exception& failure) {
    return refused(failure);
  }
}

base::Result<std::map<std::string, std::uint64_t>> unfinished_by_sink(const std::filesystem::path& file) {
  std::map<std::string, std::uint64_t> counts;
  try {
    if (sqlite::size_of(file) == 0) return counts;
    // Without a log, an ordinary connection would create an empty one.
    const bool has_wal = sqlite::size_of(sqlite::wal_path(file)) > sqlite::kWalHeader;
    const auto connection = has_wal ? sqlite::open_vetted(file) : sqlite::open_immutable_vetted(file);
    sqlite::Statement unfinished(*connection, "SELECT sink, count(*) FROM deliveries WHERE finished_at IS NULL GROUP BY sink");
    for (auto rows = unfinished.query(); rows.next();) counts[rows.text(0)] = static_cast<std::uint64_t>(rows.number(1));
    return counts;
  } catch (const std::exception& failure) {
    return refused(failure);
  }
}

}  // namespace belfry::store
