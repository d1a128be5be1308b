// The account that the gateway runs as under systemd, for commands that root runs: `belfry check` tries things as that user.
// Thread rule: any thread. Blocks for at most two seconds while it queries systemd.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace belfry::cli {

struct ServiceAccount {
  std::string name;  // "belfry"; the number of a user that has no name
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups{};     // supplementary groups
  std::uint64_t capabilities = 0;  // held on this machine, one bit each (capabilities(7))
  struct Hidden {
    std::string path;     // "/home"
    std::string setting;  // "ProtectHome=yes": the setting that hides it from the unit
  };
  std::vector<Hidden> hidden{};
};

// The account of belfry.service as systemd has it now, drop-ins included. If systemd does not answer or has no such unit: the user
// `belfry`, as the packages create it. None: that user does not exist either, or the unit runs as root.
[[nodiscard]] std::optional<ServiceAccount> service_account();

// The account of a user, without capabilities.
[[nodiscard]] ServiceAccount account_of(uid_t user, gid_t group);

// Switches the process to that account for good. False, with errno: not permitted.
[[nodiscard]] bool become(const ServiceAccount& account);

}  // namespace belfry::cli
