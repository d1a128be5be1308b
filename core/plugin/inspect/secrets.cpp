#include "plugin/inspect/secrets.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>

#include "base/secret_text.hpp"
#include "plugin/inspect/sha256.hpp"

namespace belfry::plugin {
namespace {

// File systems have coarse clocks: a file that was just written may be written again without a visible change.
bool is_too_recent(std::int64_t changed_ns) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - changed_ns < 1'000'000'000;
}

}  // namespace

std::string SecretTable::add(const std::string& sink, const std::string& pointer, std::string value, SecretFile file) {
  std::string reference = "secret:" + sink + pointer;
  base::Secret secret(std::move(value));
  std::string name = fingerprint(secret);
  const std::lock_guard lock(mutex_);
  entries_.insert_or_assign(reference, Entry{std::move(secret), std::move(name), std::move(file), std::nullopt});
  return reference;
}

bool SecretTable::contains(std::string_view reference) const {
  const std::lock_guard lock(mutex_);
  return entries_.contains(reference);
}

std::optional<SecretTable::Revealed> SecretTable::reveal(std::string_view reference, base::Scrubber& scrubber) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(reference);
  if (found == entries_.end()) return std::nullopt;
  Revealed out;
  if (found->second.file) refresh(found->second, scrubber, out);
  out.value = found->second.value;
  return out;
}

void SecretTable::refresh(Entry& entry, base::Scrubber& scrubber, Revealed& out) {
  const auto failed = [&](std::string why) {
    if (!std::exchange(entry.failing, true)) out.error = std::move(why);
  };
  const auto stamp = base::stamp_of(entry.file.path);
  if (stamp == base::FileStamp{}) {
    entry.read_at.reset();
    return failed("the file " + entry.file.path.string() + " cannot be read: " + std::generic_category().message(errno));
  }
  if (entry.read_at == stamp) return;
  auto value = entry.file.read();
  entry.read_at = is_too_recent(stamp.changed_ns) ? std::nullopt : std::optional(stamp);
  if (!value) return failed(std::move(value.error().message));
  value = std::string(base::trimmed_secret(*value));
  if (const auto fault = base::secret_error(*value); !fault.empty()) return failed("the file " + entry.file.path.string() + " " + fault);
  entry.failing = false;
  if (*value == entry.value.reveal()) return;
  scrubber.add_secret(*value);
  entry.value = base::Secret(std::move(*value));
  out.changed = true;
}

std::string SecretTable::first_fingerprint(std::string_view reference) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(reference);
  return found == entries_.end() ? std::string() : found->second.first_fingerprint;
}

std::string SecretTable::fingerprint(const base::Secret& secret) {
  // The prefix defeats precomputed tables of plain digests.
  return secret.empty() ? std::string() : sha256("belfry credential\n" + secret.reveal());
}

std::string SecretTable::owner(std::string_view reference, const std::string& sink) const {
  const std::string fingerprint = first_fingerprint(reference);
  return fingerprint.empty() ? "sink:" + sink : "credential:" + fingerprint;
}

}  // namespace belfry::plugin
