#include "plugin/inspect/library.hpp"

#define BOOST_DLL_USE_STD_FS

#include <dlfcn.h>
#include <fcntl.h>

#include <algorithm>
#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <cerrno>

#include "base/file_state.hpp"
#include "plugin/inspect/trusted_file.hpp"

namespace belfry::plugin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEntryOfAbi0 = "belfry_plugin_entry_v0";
constexpr std::string_view kAnyEntry = "belfry_plugin_entry_v";

// Boost.DLL wraps the message of dlerror(): "... (dlerror system message: REASON): Bad file descriptor".
std::string loader_message(const std::exception& error) {
  const std::string_view text = error.what();
  constexpr std::string_view kBefore = "dlerror system message: ";
  const auto begin = text.find(kBefore);
  const auto end = text.rfind("): ");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return std::string(text);
  return std::string(text.substr(begin + kBefore.size(), end - begin - kBefore.size()));
}

// A library that plugins link, by its name and because it exports no entry function of any version. Reads the file, without loading it.
bool is_companion(const fs::path& file) {
  if (!file.filename().string().starts_with("lib")) return false;
  try {
    boost::dll::library_info info(file);
    const auto symbols = info.symbols();
    return std::none_of(symbols.begin(), symbols.end(), [](const auto& name) { return name.starts_with(kAnyEntry); });
  } catch (const std::exception&) {
    return false;  // not a library: reported as a refused plugin
  }
}

}  // namespace

base::Result<std::vector<fs::path>> list_plugins(const fs::path& directory) {
  if (const auto opened = open_trusted(directory, O_RDONLY | O_DIRECTORY); !opened) {
    if (opened.error().code == base::ErrorCode::invalid) return std::unexpected(opened.error());
    // A path may seem absent only because it cannot be examined. That is an error, not an empty directory.
    const auto state = base::state_of(directory);
    if (state.absent()) return std::vector<fs::path>();
    return base::fail(base::ErrorCode::unavailable,
                      state.why.empty() ? opened.error().message : directory.string() + ": cannot be listed: " + state.why);
  }
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".so" && !is_companion(entry->path())) files.push_back(entry->path());
  }
  if (error) return base::fail(base::ErrorCode::unavailable, directory.string() + ": cannot be listed: " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

base::Result<belfry_plugin_entry_fn> load_entry(const fs::path& copy, const std::string& name) {
  try {
    // RTLD_NODELETE: Boost.DLL closes a library in its destructor, but this one must stay loaded. load_mode has no enumerator for the flag.
    // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
    constexpr auto kMode = static_cast<boost::dll::load_mode::type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    boost::dll::shared_library library(copy, kMode);
    if (!library.has(BELFRY_PLUGIN_ENTRY_NAME)) {
      return base::fail(
          base::ErrorCode::invalid,
          name + (library.has(kEntryOfAbi0) ? ": built for plugin ABI 0, which this gateway no longer loads; rebuild it from its "
                                              "source with the SDK of this release (belfry-dev / belfry-devel)"
                                            : ": exports no " BELFRY_PLUGIN_ENTRY_NAME
                                              "(), wanted that function; this is not a Belfry plugin for this gateway"));
    }
    return &library.get<const belfry_plugin_entry*()>(BELFRY_PLUGIN_ENTRY_NAME);
  } catch (const std::exception& error) {
    std::string what = name + ": cannot be loaded: " + loader_message(error);
    if (what.ends_with("cannot open shared object file: No such file or directory")) {
      what +=
          "; a private copy of the plugin is loaded, so $ORIGIN in its rpath does not work: link that library statically, or with an "
          "absolute rpath";
    }
    return base::fail(base::ErrorCode::invalid, std::move(what));
  }
}

}  // namespace belfry::plugin
