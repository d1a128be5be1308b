#include "config/file_text.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "config/yaml.hpp"

namespace belfry::config {

base::Result<std::string> file_text(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return base::fail(std::error_code(errno, std::generic_category()).message());
  std::string text(yaml::kMaxBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return base::fail(std::make_error_code(std::errc::io_error).message());
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

}  // namespace belfry::config
