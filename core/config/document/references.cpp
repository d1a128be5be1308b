#include "config/document/references.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/file_state.hpp"
#include "config/document/report.hpp"
#include "config/document/text_check.hpp"

namespace belfry::config {
namespace {

// The directory where systemd finds credentials that a unit loads by bare name (systemd.exec(5), LoadCredential=).
constexpr std::string_view kCredentialStore = "/etc/credstore/";

// The credentials that the packaged unit loads (packaging/systemd/belfry.service.in).
constexpr std::array<std::string_view, 5> kLoadedByUnit = {"slack-bot-token", "slack-signing-secret", "slack-app-token", "webhook-password",
                                                           "admin-token"};

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr std::string_view kReferenceForm = "write ${env:NAME} or ${file:PATH}, and $${ for a literal ${";

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name.front()) && std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); });
}

// An inaccessible file has no known status (std::filesystem::status_known), which differs from a file that does not exist.
std::filesystem::file_status status_of(const std::filesystem::path& file) {
  using std::filesystem::file_type;
  const auto state = base::state_of(file);
  switch (state.kind) {
    case base::FileState::Kind::absent: return std::filesystem::file_status(file_type::not_found);
    case base::FileState::Kind::file: return std::filesystem::file_status(file_type::regular, state.permissions);
    case base::FileState::Kind::directory: return std::filesystem::file_status(file_type::directory, state.permissions);
    case base::FileState::Kind::device: return std::filesystem::file_status(file_type::character, state.permissions);
    case base::FileState::Kind::inaccessible: break;
  }
  return std::filesystem::file_status(file_type::none);
}

// Container secrets are mounted read-only: chmod fails there, and only the options of the mount set their permissions.
bool is_mounted_read_only(const std::filesystem::path& file) {
  struct statvfs found{};
  return ::statvfs(file.c_str(), &found) == 0 && (found.f_flag & ST_RDONLY) != 0;
}

// The offset of the } that closes the reference whose content starts at the beginning of `text`.
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

// One pass over one text. Checks the form of every reference, but does not look up references in a default that is not needed.
struct References::Pass {
  const References& references;
  const std::filesystem::path& directory;
  Expanded out{};
  std::vector<std::string> missing{};
  std::vector<std::string> alternatives{};  // ways to provide the missing values
  std::string remedy{};                     // for the last missing value
  std::string broken{};
  std::string malformed{};
  std::size_t from_files{};  // bytes of the text that came from files
  int files{};

  bool run(std::string_view text, int depth, bool wanted) {
    if (depth > kMaxReferenceDepth) {
      malformed = "references are nested more than " + std::to_string(kMaxReferenceDepth) + " deep; simplify them";
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
      malformed = std::string(env ? "invalid name of an environment variable" : "invalid file path") + " in " +
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
        alternatives.push_back(std::move(found.alternative));
        remedy = std::move(found.remedy);
      }
      return true;
    }
    const auto before = static_cast<std::ptrdiff_t>(missing.size());
    if (!run(rest.substr(dash + 2), depth + 1, is_missing)) return false;
    // The default is missing as well: report both, this reference first.
    if (std::ssize(missing) > before) {
      missing.insert(missing.begin() + before, std::move(found.missing));
      alternatives.insert(alternatives.begin() + before, std::move(found.alternative));
    }
    return true;
  }
};

std::expected<Expanded, ReferenceError> References::expand(std::string_view text, const std::filesystem::path& directory) const {
  using enum ReferenceError::Kind;
  if (text.find("${") == std::string_view::npos) return Expanded{std::string(text), false};
  Pass pass{*this, directory};
  if (!pass.run(text, 1, true)) return std::unexpected(ReferenceError{malformed, std::move(pass.malformed)});
  if (!pass.broken.empty()) return std::unexpected(ReferenceError{unresolved, std::move(pass.broken)});
  if (!pass.missing.empty()) {
    auto what = pass.missing.front();
    auto how = pass.alternatives.front();
    for (std::size_t i = 1; i < pass.missing.size(); ++i) {
      what += " and " + pass.missing[i];
      how += ", or " + pass.alternatives[i];
    }
    return std::unexpected(ReferenceError{unresolved, what + "; " + (pass.missing.size() > 1 ? how : pass.remedy)});
  }
  if (pass.out.text.size() > kMaxReferenceBytes) {
    return std::unexpected(ReferenceError{unresolved, "the value with its references replaced is larger than 64 KiB; make it smaller"});
  }
  if (pass.from_files != pass.out.text.size()) pass.out.file.reset();
  return std::move(pass.out);
}

References::Lookup References::variable(const std::string& name) const {
  const auto value = environment_.variable(name);
  if (!value) return {.missing = "environment variable " + name + " is not set", .remedy = "set it", .alternative = "set " + name};
  if (value->empty())
    return {.missing = "environment variable " + name + " is empty", .remedy = "give it a value", .alternative = "set " + name};
  if (invalid_utf8(*value)) return {.broken = "environment variable " + name + " is not UTF-8 text; correct it"};
  return {.value = *value};
}

References::Lookup References::file(const std::string& path, const std::filesystem::path& directory) const {
  struct Candidate {
    std::filesystem::path file;
    bool credential;
  };
  std::vector<Candidate> candidates;
  if (std::filesystem::path(path).is_relative()) {
    const auto credentials = environment_.variable("CREDENTIALS_DIRECTORY").value_or("");
    if (!credentials.empty()) candidates.push_back({std::filesystem::path(credentials) / path, true});
    if (!credentials.empty() && base::state_of(credentials).absent())
      return {.broken = "there is no directory " + credentials + ", which CREDENTIALS_DIRECTORY names; create it, or unset the variable"};
  }
  candidates.push_back({directory / path, false});  // `path` alone, if it is absolute
  std::string missing;
  for (const auto& [location, credential] : candidates) {
    const auto status = status_of(location);
    if (status.type() != std::filesystem::file_type::not_found) {
      auto found = content(location, status, {});
      if (!credential) read_.insert(location);
      if (!credential) found.exposed = exposure(location, status);
      if (!found.value.empty()) found.source = ValueFile{location, credential};
      return found;
    }
    missing += (missing.empty() ? "there is no file " : " or ") + location.string();
  }
  const auto beside = candidates.back().file.string();
  if (path.find('/') != std::string::npos) return {.missing = std::move(missing), .remedy = "create it", .alternative = "create " + beside};
  const bool loaded = std::ranges::find(kLoadedByUnit, path) != kLoadedByUnit.end();
  const auto line = loaded ? "" : "; the unit needs the line LoadCredential=" + path + " for this name: systemctl edit belfry";
  const auto alternative =
      "put it into " + std::string(kCredentialStore) + path + " (under systemd, mode 0600" + line + ") or into " + beside;
  return {.missing = std::move(missing), .remedy = alternative, .alternative = alternative};
}

std::string References::exposure(const std::filesystem::path& location, std::filesystem::file_status status) {
  using std::filesystem::perms;
  const auto others = status.permissions() & (perms::others_read | perms::others_write);
  if (!std::filesystem::is_regular_file(status) || others == perms::none) return {};
  const auto* what = (others & perms::others_read) != perms::none ? "read" : "written";
  return "the file " + location.string() + " can be " + what + " by others; " +
         (is_mounted_read_only(location) ? "its mount is read-only, so mount it with mode 0400 (Kubernetes: defaultMode: 0400, with the "
                                           "fsGroup of the gateway 0440; Docker: mode: 0400)"
                                         : "run: chmod o= " + location.string());
}

References::Lookup References::content(const std::filesystem::path& location, std::filesystem::file_status status, std::error_code) {
  const auto broken = [&](const std::string& why) { return Lookup{.broken = "the file " + location.string() + " " + why}; };
  const auto refused = [&](const std::string& why) { return broken("cannot be read: " + why + "; let the user of the gateway read it"); };
  if (!std::filesystem::status_known(status)) return refused(base::state_of(location).why);
  if (!std::filesystem::is_regular_file(status)) return broken("is a directory or a device; name a file");
  std::ifstream stream(location, std::ios::binary);
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
    return {.missing = "the file " + location.string() + " is empty",
            .remedy = "write the value into it",
            .alternative = "write the value into " + location.string()};
  }
  if (invalid_utf8(value) || value.find('\0') != std::string::npos) return broken("is not UTF-8 text; name the right file");
  return {.value = std::move(value)};
}

base::Result<std::string> References::reread(const ValueFile& file) {
  const auto status = status_of(file.path);
  if (status.type() == std::filesystem::file_type::not_found) return base::fail("the file " + file.path.string() + " no longer exists");
  auto found = content(file.path, status, {});
  if (!found.broken.empty()) return base::fail(std::move(found.broken));
  if (!found.missing.empty()) return base::fail(found.missing + "; " + found.remedy);
  if (auto exposed = file.credential ? std::string() : exposure(file.path, status); !exposed.empty()) return base::fail(std::move(exposed));
  return std::move(found.value);
}

std::string inline_secret_warning(const std::filesystem::path& file) {
  if (References::exposure(file, status_of(file)).empty()) return {};
  return "is written in " + file.string() + ", which others can read; run: chmod o= " + file.string() +
         ", or move it to a file of its own and write ${file:NAME}";
}

base::Result<std::string> reread(const ValueFile& file) { return References::reread(file); }

}  // namespace belfry::config
