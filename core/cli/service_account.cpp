#include "cli/service_account.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "cli/systemd_unit.hpp"

namespace belfry::cli {
namespace {

constexpr const char* kUser = "belfry";

template <class Number>
std::optional<Number> parse_number(const std::string& text) {
  Number value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::optional<gid_t> group_of(const std::string& name) {
  if (const auto* entry = ::getgrnam(name.c_str()); entry != nullptr) return entry->gr_gid;
  return parse_number<gid_t>(name);
}

std::vector<gid_t> groups_of(const char* user, gid_t group) {
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  if (::getgrouplist(user, group, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(user, group, groups.data(), &count) < 0) count = 0;
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

std::optional<ServiceAccount> account_named(const std::string& name) {
  const auto* entry = ::getpwnam(name.c_str());
  const auto number = parse_number<uid_t>(name);
  if (entry == nullptr && number) entry = ::getpwuid(*number);
  if (entry == nullptr) return std::nullopt;
  return account_of(entry->pw_uid, entry->pw_gid);
}

}  // namespace

ServiceAccount account_of(uid_t user, gid_t group) {
  const auto* entry = ::getpwuid(user);
  if (entry == nullptr) return {std::to_string(user), user, group};
  return {entry->pw_name, user, entry->pw_gid, groups_of(entry->pw_name, entry->pw_gid)};
}

std::optional<ServiceAccount> service_account() {
  const auto unit = SystemdUnit::loaded();
  if (!unit) return account_named(kUser);
  const auto name = unit->text("User");
  auto account = name.empty() ? std::nullopt : account_named(name);
  if (!account || account->user == 0) return std::nullopt;
  if (const auto group = group_of(unit->text("Group"))) account->group = *group;
  for (const auto& more : unit->list("SupplementaryGroups"))
    if (const auto group = group_of(more)) account->groups.push_back(*group);
  // In a user namespace, a capability does not apply to the network of the machine.
  if (!unit->flag("PrivateUsers")) account->capabilities = unit->number("AmbientCapabilities");
  if (const auto home = unit->text("ProtectHome"); home == "yes" || home == "tmpfs")
    for (const auto* path : {"/home", "/root", "/run/user"}) account->hidden.push_back({path, "ProtectHome=" + home});
  if (unit->flag("PrivateTmp"))
    for (const auto* path : {"/tmp", "/var/tmp"}) account->hidden.push_back({path, "PrivateTmp=yes"});
  return account;
}

bool become(const ServiceAccount& account) {
  if (::setgroups(account.groups.size(), account.groups.data()) != 0) return false;
  if (::setresgid(account.group, account.group, account.group) != 0) return false;
  if (::prctl(PR_SET_KEEPCAPS, account.capabilities != 0) != 0) return false;
  if (::setresuid(account.user, account.user, account.user) != 0) return false;
  if (account.capabilities == 0) return true;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    sets[i].permitted &= static_cast<std::uint32_t>(account.capabilities >> (32 * i));
    sets[i].effective = sets[i].permitted;
    sets[i].inheritable = 0;
  }
  return ::syscall(SYS_capset, &header, sets.data()) == 0;
}

}  // namespace belfry::cli
