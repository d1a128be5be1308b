#include "cli/systemd_unit.hpp"

#include <systemd/sd-bus.h>

#include <chrono>
#include <cstdlib>

namespace belfry::cli {
namespace {

constexpr const char* kUnitName = "belfry.service";
constexpr const char* kSystemd = "org.freedesktop.systemd1";
constexpr std::chrono::microseconds kBusTimeout = std::chrono::seconds(2);

}  // namespace

void SystemdUnit::Close::operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }

std::optional<SystemdUnit> SystemdUnit::loaded() {
  sd_bus* opened = nullptr;
  if (sd_bus_open_system(&opened) < 0) return std::nullopt;
  Bus bus(opened);
  sd_bus_set_method_call_timeout(opened, static_cast<std::uint64_t>(kBusTimeout.count()));
  sd_bus_message* answer = nullptr;
  if (sd_bus_call_method(opened, kSystemd, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "LoadUnit", nullptr, &answer,
                         "s", kUnitName) < 0)
    return std::nullopt;
  const std::unique_ptr<sd_bus_message, decltype(&sd_bus_message_unref)> owned(answer, sd_bus_message_unref);
  const char* path = nullptr;
  if (sd_bus_message_read(answer, "o", &path) < 0) return std::nullopt;
  SystemdUnit unit(std::move(bus), path);
  if (unit.text("LoadState", kUnit) != "loaded") return std::nullopt;
  return unit;
}

std::string SystemdUnit::text(const char* name, const char* interface) const {
  char* value = nullptr;
  if (sd_bus_get_property_string(bus_.get(), kSystemd, path_.c_str(), interface, name, nullptr, &value) < 0) return {};
  const std::unique_ptr<char, decltype(&std::free)> owned(value, std::free);
  return value;
}

std::vector<std::string> SystemdUnit::list(const char* name) const {
  char** values = nullptr;
  if (sd_bus_get_property_strv(bus_.get(), kSystemd, path_.c_str(), kService, name, nullptr, &values) < 0) return {};
  std::vector<std::string> out;
  for (auto* at = values; at != nullptr && *at != nullptr; ++at) {
    out.emplace_back(*at);
    std::free(*at);
  }
  std::free(values);
  return out;
}

bool SystemdUnit::flag(const char* name, const char* interface) const {
  int value = 0;
  return sd_bus_get_property_trivial(bus_.get(), kSystemd, path_.c_str(), interface, name, nullptr, 'b', &value) >= 0 && value != 0;
}

std::uint64_t SystemdUnit::number(const char* name) const {
  std::uint64_t value = 0;
  return sd_bus_get_property_trivial(bus_.get(), kSystemd, path_.c_str(), kService, name, nullptr, 't', &value) >= 0 ? value : 0;
}

std::uint32_t SystemdUnit::count(const char* name) const {
  std::uint32_t value = 0;
  return sd_bus_get_property_trivial(bus_.get(), kSystemd, path_.c_str(), kService, name, nullptr, 'u', &value) >= 0 ? value : 0;
}

}  // namespace belfry::cli
