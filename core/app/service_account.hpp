// Whom the gateway runs as under systemd, for commands that root runs about it: `belfry check` tries things as that user.
// Thread rule: any thread. Blocks while systemd is asked, for two seconds at most.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace belfry::app {

struct ServiceAccount {
  std::string name;  // "belfry"; the number of a user without a name
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups{};     // the other ones
  std::uint64_t capabilities = 0;  // that it holds on this machine, one bit for each (capabilities(7))
  struct Hidden {
    std::string place;    // "/home"
    std::string setting;  // "ProtectHome=yes", which hides it from the unit
  };
  std::vector<Hidden> hidden{};
};

// That of belfry.service as systemd has it now, drop-ins included. Where systemd does not answer or has no such unit: the user `belfry`,
// as the packages create it. None: there is no such user either, or the unit runs as root.
[[nodiscard]] std::optional<ServiceAccount> account_of_service();

// That of the owner of a file, without capabilities.
[[nodiscard]] ServiceAccount account_of(uid_t user, gid_t group);

// The process becomes that user for good. False, with errno: it may not.
[[nodiscard]] bool become(const ServiceAccount& account);

}  // namespace belfry::app
