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

base::Result<std::string> named_file_text(const std::filesystem::path& file) {
  const auto unreadable = [](const std::string& why) {
    return base::fail("cannot be read: " + why + "; let the user of the gateway read it");
  };
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) return base::fail("does not exist; create it, or remove its name");
  if (!std::filesystem::status_known(status)) return unreadable(error.message());
  if (std::filesystem::is_directory(status)) return base::fail("is a directory; name a file");
  // A pipe would be waited for.
  if (!std::filesystem::is_regular_file(status)) return base::fail("is no file but a device; name a file");
  auto text = file_text(file);
  if (!text) return unreadable(text.error().message);
  return text;
}

}  // namespace belfry::config
