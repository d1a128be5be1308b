#include "config/document/read_text_file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/file_state.hpp"
#include "config/document/yaml.hpp"

namespace belfry::config {
namespace {

std::unexpected<base::Error> unreadable(const std::string& why, bool denied = true) {
  return base::fail("cannot be read: " + why + (denied ? "; let the user of the gateway read it" : "; repair it, or remove the entry"));
}

}  // namespace

base::Result<std::string> read_text_file(const std::filesystem::path& file, std::string_view absent) {
  using Kind = base::FileState::Kind;
  const auto state = base::state_of(file);
  switch (state.kind) {
    case Kind::absent: return base::fail(std::string(absent));
    case Kind::inaccessible: return unreadable(state.why, state.denied);
    case Kind::directory: return base::fail("is a directory; name a file");
    case Kind::device: return base::fail("is a device, not a file; name a file");
    case Kind::file: break;
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return unreadable(std::generic_category().message(errno));
  std::string text(yaml::kMaxBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return unreadable(std::make_error_code(std::errc::io_error).message());
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

base::Result<std::string> read_named_file(const std::filesystem::path& file) {
  return read_text_file(file, "does not exist; create it, or remove the entry");
}

}  // namespace belfry::config
