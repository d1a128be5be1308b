#include "config/references.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/file_state.hpp"
#include "config/report.hpp"
#include "config/text_check.hpp"

namespace belfry::config {
namespace {

// Where systemd looks for the credentials that a unit asks for by their bare names (systemd.exec(5), LoadCredential=).
constexpr std::string_view kCredentialStore = "/etc/credstore/";

// What the packaged unit asks systemd for (packaging/systemd/belfry.service.in).
constexpr std::array<std::string_view, 5> kLoadedByUnit = {"slack-bot-token", "slack-signing-secret", "slack-app-token", "webhook-password",
                                                           "admin-token"};

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr std::string_view kReferenceForm = "write ${env:NAME} or ${file:PATH}, and $${ for a literal ${";

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name.front()) && std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); });
}

// What cannot be seen has no status (std::filesystem::status_known); that is not the same as what does not exist.
std::filesystem::file_status status_of(const std::filesystem::path& file) {
  using std::filesystem::file_type;
  const auto state = base::state_of(file);
  switch (state.kind) {
    case base::FileState::Kind::absent: return std::filesystem::file_status(file_type::not_found);
    case base::FileState::Kind::file: return std::filesystem::file_status(file_type::regular, state.permissions);
    case base::FileState::Kind::directory: return std::filesystem::file_status(file_type::directory, state.permissions);
    case base::FileState::Kind::device: return std::filesystem::file_status(file_type::character, state.permissions);
    case base::FileState::Kind::broken: break;
  }
  return std::filesystem::file_status(file_type::none);
}

// As secrets of containers are: their permissions are those that the mount was asked for.
bool is_mounted_read_only(const std::filesystem::path& file) {
  struct statvfs found{};
  return ::statvfs(file.c_str(), &found) == 0 && (found.f_flag & ST_RDONLY) != 0;
}

// The offset of the } that closes a reference whose inside begins `text`.
std::size_t closing_brace(std::string_view text) {
  int open = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto rest = text.substr(i);
    if (rest.starts_with("$${")) {
      i += 2;
    } else if (rest.starts_with("${")) {
      ++open;
      ++i;
    } else if (text[i] == '}' && --open == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

// One walk over one text. Every reference is checked for its form; those in a default that is not needed are not looked up.
struct References::Pass {
  const References& references;
  const std::filesystem::path& directory;
  Expanded out{};
  std::vector<std::string> missing{};
  std::vector<std::string> ways{};  // to provide what is missing
  std::string remedy{};             // of the last one missing
  std::string broken{};
  std::string malformed{};
  std::size_t from_files{};  // bytes of the text that came from files
  int files{};

  bool run(std::string_view text, int depth, bool wanted) {
    if (depth > kMaxReferenceDepth) {
      malformed = "references more than " + std::to_string(kMaxReferenceDepth) + " deep; write it simpler";
      return false;
    }
    while (!text.empty()) {
      const auto dollar = text.find('$');
      append(text.substr(0, dollar), wanted);
      text.remove_prefix(std::min(dollar, text.size()));
      if (text.starts_with("$${")) {
        append("${", wanted);
        text.remove_prefix(3);
      } else if (text.starts_with("${")) {
        const auto inside = text.substr(2);
        const auto end = closing_brace(inside);
        if (end == std::string_view::npos) {
          malformed = "a reference has no closing }; " + std::string(kReferenceForm);
          return false;
        }
        if (!one(inside.substr(0, end), depth, wanted)) return false;
        text = inside.substr(end + 1);
      } else {
        append(text.substr(0, 1), wanted);
        text.remove_prefix(std::min<std::size_t>(1, text.size()));
      }
    }
    return true;
  }

 private:
  void append(std::string_view text, bool wanted) {
    if (wanted && out.text.size() <= kMaxReferenceBytes) out.text += text;
  }

  bool one(std::string_view inside, int depth, bool wanted) {
    const auto colon = inside.find(':');
    const auto scheme = inside.substr(0, colon);
    const auto rest = colon == std::string_view::npos ? std::string_view{} : inside.substr(colon + 1);
    const auto dash = rest.find(":-");
    const std::string name(rest.substr(0, dash));
    const bool env = scheme == "env";
    if (!env && scheme != "file") {
      malformed = "unknown reference " + in_quotes("${" + std::string(inside) + "}") + "; " + std::string(kReferenceForm);
      return false;
    }
    if (env ? !is_variable_name(name) : name.empty() || name.find('$') != std::string::npos || name.find('\0') != std::string::npos) {
      malformed = std::string(env ? "no name of an environment variable" : "no path of a file") + " in " +
                  in_quotes("${" + std::string(inside) + "}") + "; " + std::string(kReferenceForm);
      return false;
    }
    auto found = !wanted ? Lookup{} : env ? references.variable(name) : references.file(name, directory);
    if (wanted) out.referenced = true;
    if (!found.broken.empty()) broken = std::move(found.broken);
    if (!found.exposed.empty()) out.exposed = std::move(found.exposed);
    append(found.value, wanted);
    if (found.source) {
      from_files += found.value.size();
      out.file = ++files == 1 ? std::move(found.source) : std::nullopt;
    }
    const bool is_missing = wanted && !found.missing.empty();
    if (dash == std::string_view::npos) {
      if (is_missing) {
        missing.push_back(std::move(found.missing));
        ways.push_back(std::move(found.way));
        remedy = std::move(found.remedy);
      }
      return true;
    }
    const auto before = static_cast<std::ptrdiff_t>(missing.size());
    if (!run(rest.substr(dash + 2), depth + 1, is_missing)) return false;
    // The default is missing as well: say both, this one first.
    if (std::ssize(missing) > before) {
      missing.insert(missing.begin() + before, std::move(found.missing));
      ways.insert(ways.begin() + before, std::move(found.way));
    }
    return true;
  }
};

std::expected<Expanded, ReferenceFault> References::expand(std::string_view text, const std::filesystem::path& directory) const {
  using enum ReferenceFault::Kind;
  if (text.find("${") == std::string_view::npos) return Expanded{std::string(text), false};
  Pass pass{*this, directory};
  if (!pass.run(text, 1, true)) return std::unexpected(ReferenceFault{malformed, std::move(pass.malformed)});
  if (!pass.broken.empty()) return std::unexpected(ReferenceFault{unresolved, std::move(pass.broken)});
  if (!pass.missing.empty()) {
    auto what = pass.missing.front();
    auto how = pass.ways.front();
    for (std::size_t i = 1; i < pass.missing.size(); ++i) {
      what += " and " + pass.missing[i];
      how += ", or " + pass.ways[i];
    }
    return std::unexpected(ReferenceFault{unresolved, what + "; " + (pass.missing.size() > 1 ? how : pass.remedy)});
  }
  if (pass.out.text.size() > kMaxReferenceBytes) {
    return std::unexpected(ReferenceFault{unresolved, "the value with its references replaced is larger than 64 KiB; make it smaller"});
  }
  if (pass.from_files != pass.out.text.size()) pass.out.file.reset();
  return std::move(pass.out);
}

References::Lookup References::variable(const std::string& name) const {
  const auto value = environment_.variable(name);
  if (!value) return {.missing = "environment variable " + name + " is not set", .remedy = "set it", .way = "set " + name};
  if (value->empty()) return {.missing = "environment variable " + name + " is empty", .remedy = "give it a value", .way = "set " + name};
  if (invalid_utf8(*value)) return {.broken = "environment variable " + name + " is not UTF-8 text; correct it"};
  return {.value = *value};
}

References::Lookup References::file(const std::string& path, const std::filesystem::path& directory) const {
  struct Place {
    std::filesystem::path file;
    bool credential;
  };
  std::vector<Place> places;
  if (std::filesystem::path(path).is_relative()) {
    const auto credentials = environment_.variable("CREDENTIALS_DIRECTORY").value_or("");
    if (!credentials.empty()) places.push_back({std::filesystem::path(credentials) / path, true});
    if (!credentials.empty() && base::state_of(credentials).absent())
      return {.broken = "there is no directory " + credentials + ", which CREDENTIALS_DIRECTORY names; create it, or unset the variable"};
  }
  places.push_back({directory / path, false});  // an absolute path stays what it is
  std::string missing;
  for (const auto& [place, credential] : places) {
    const auto status = status_of(place);
    if (status.type() != std::filesystem::file_type::not_found) {
      auto found = content(place, status, {});
      if (!credential) read_.insert(place);
      if (!credential) found.exposed = exposure(place, status);
      if (!found.value.empty()) found.source = ValueFile{place, credential};
      return found;
    }
    missing += (missing.empty() ? "there is no file " : " or ") + place.string();
  }
  const auto beside = places.back().file.string();
  if (path.find('/') != std::string::npos) return {.missing = std::move(missing), .remedy = "create it", .way = "create " + beside};
  const bool loaded = std::ranges::find(kLoadedByUnit, path) != kLoadedByUnit.end();
  const auto line = loaded ? "" : "; the unit needs the line LoadCredential=" + path + " for this name: systemctl edit belfry";
  const auto way = "put it into " + std::string(kCredentialStore) + path + " (under systemd, mode 0600" + line + ") or into " + beside;
  return {.missing = std::move(missing), .remedy = way, .way = way};
}

std::string References::exposure(const std::filesystem::path& place, std::filesystem::file_status status) {
  using std::filesystem::perms;
  const auto others = status.permissions() & (perms::others_read | perms::others_write);
  if (!std::filesystem::is_regular_file(status) || others == perms::none) return {};
  const auto* what = (others & perms::others_read) != perms::none ? "read" : "written";
  return "the file " + place.string() + " can be " + what + " by others; " +
         (is_mounted_read_only(place) ? "its mount is read-only, so mount it with mode 0400 (Kubernetes: defaultMode: 0400, with the "
                                        "fsGroup of the gateway 0440; Docker: mode: 0400)"
                                      : "run: chmod o= " + place.string());
}

References::Lookup References::content(const std::filesystem::path& place, std::filesystem::file_status status, std::error_code) {
  const auto broken = [&](const std::string& why) { return Lookup{.broken = "the file " + place.string() + " " + why}; };
  const auto refused = [&](const std::string& why) { return broken("cannot be read: " + why + "; let the user of the gateway read it"); };
  if (!std::filesystem::status_known(status)) return refused(base::state_of(place).why);
  if (!std::filesystem::is_regular_file(status)) return broken("is a directory or a device; name a file");
  std::ifstream stream(place, std::ios::binary);
  if (!stream) return refused(std::generic_category().message(errno));
  std::string value(kMaxReferenceBytes + 1, '\0');
  stream.read(value.data(), static_cast<std::streamsize>(value.size()));
  if (stream.bad()) return broken("cannot be read; check the disk");
  value.resize(static_cast<std::size_t>(stream.gcount()));
  if (value.size() > kMaxReferenceBytes) return broken("is larger than 64 KiB; name the right file");
  if (value.starts_with(kByteOrderMark)) value.erase(0, kByteOrderMark.size());
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  if (value.find_first_not_of(" \t\r\n") == std::string::npos) {
    return {.missing = "the file " + place.string() + " is empty",
            .remedy = "write the value into it",
            .way = "write the value into " + place.string()};
  }
  if (invalid_utf8(value) || value.find('\0') != std::string::npos) return broken("is not UTF-8 text; name the right file");
  return {.value = std::move(value)};
}

base::Result<std::string> References::read_again(const ValueFile& file) {
  const auto status = status_of(file.path);
  if (status.type() == std::filesystem::file_type::not_found) return base::fail("there is no file " + file.path.string() + " any more");
  auto found = content(file.path, status, {});
  if (!found.broken.empty()) return base::fail(std::move(found.broken));
  if (!found.missing.empty()) return base::fail(found.missing + "; " + found.remedy);
  if (auto exposed = file.credential ? std::string() : exposure(file.path, status); !exposed.empty()) return base::fail(std::move(exposed));
  return std::move(found.value);
}

std::string plain_secret(const std::filesystem::path& file) {
  if (References::exposure(file, status_of(file)).empty()) return {};
  return "stands in " + file.string() + ", which others can read; run: chmod o= " + file.string() +
         ", or put it into a file of its own and write ${file:NAME}";
}

base::Result<std::string> read_again(const ValueFile& file) { return References::read_again(file); }

}  // namespace belfry::config
