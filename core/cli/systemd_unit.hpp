// The properties of belfry.service as systemd has it now, drop-ins included (org.freedesktop.systemd1(5)).
// Thread rule: one thread. Each call blocks for at most two seconds.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct sd_bus;

namespace belfry::cli {

class SystemdUnit {
 public:
  // The interfaces of the properties.
  static constexpr const char* kService = "org.freedesktop.systemd1.Service";
  static constexpr const char* kUnit = "org.freedesktop.systemd1.Unit";

  // None: systemd does not answer, or has no such unit.
  [[nodiscard]] static std::optional<SystemdUnit> loaded();

  // A property that cannot be read, or that has another type, is empty, false or 0.
  [[nodiscard]] std::string text(const char* name, const char* interface = kService) const;
  [[nodiscard]] std::vector<std::string> list(const char* name) const;
  [[nodiscard]] bool flag(const char* name, const char* interface = kService) const;
  [[nodiscard]] std::uint64_t number(const char* name) const;  // of type t
  [[nodiscard]] std::uint32_t count(const char* name) const;   // of type u

 private:
  struct Close {
    void operator()(sd_bus* bus) const;
  };
  using Bus = std::unique_ptr<sd_bus, Close>;

  SystemdUnit(Bus bus, std::string path) : bus_(std::move(bus)), path_(std::move(path)) {}

  Bus bus_;
  std::string path_;
};

}  // namespace belfry::cli
