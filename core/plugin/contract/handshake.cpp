#include "plugin/contract/handshake.hpp"

#include <array>
#include <cstdio>
#include <set>

#include "plugin/contract/abi.hpp"
#include "plugin/contract/schema.hpp"
#include "plugin/contract/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::uint32_t kMaxTypes = 64;
constexpr std::size_t kMaxLabelLength = 200;

std::string hex(std::uint32_t value) {
  std::array<char, 11> text{};
  std::snprintf(text.data(), text.size(), "0x%08X", value);
  return text.data();
}

bool is_type_name(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto inner = [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= 32 && lower(name.front()) && std::all_of(name.begin(), name.end(), inner);
}

base::Result<belfry_plugin_entry> check_entry(const std::string& file, const belfry_plugin_entry* entry) {
  const auto refuse = [&](const std::string& what) { return base::fail(base::ErrorCode::invalid, file + ": " + what); };
  if (entry == nullptr) return refuse(BELFRY_PLUGIN_ENTRY_NAME "() returned null, wanted a table");
  const belfry_plugin_entry table = copy_of(entry);
  // Members appended behind create are optional.
  constexpr std::size_t kRequiredSize = offsetof(belfry_plugin_entry, create) + sizeof(belfry_plugin_entry::create);
  const auto too_short = [&](std::size_t wanted) {
    return refuse("the entry table has " + std::to_string(table.size) + " bytes, wanted at least " + std::to_string(wanted));
  };
  if (table.size < offsetof(belfry_plugin_entry, abi_major)) return too_short(kRequiredSize);
  if (table.magic != BELFRY_PLUGIN_MAGIC) {
    return refuse("the magic number is " + hex(table.magic) + ", wanted " + hex(BELFRY_PLUGIN_MAGIC) + "; this is not a Belfry plugin");
  }
  if (table.size < offsetof(belfry_plugin_entry, abi_minor)) return too_short(kRequiredSize);
  if (table.abi_major != BELFRY_ABI_MAJOR) {
    return refuse("built for plugin ABI " + std::to_string(table.abi_major) + ", wanted " + std::to_string(BELFRY_ABI_MAJOR) +
                  "; install the build of the plugin that fits this gateway");
  }
  if (table.needs_host_minor > BELFRY_ABI_MINOR) {
    return refuse("needs a gateway with plugin ABI " + std::to_string(BELFRY_ABI_MAJOR) + "." + std::to_string(table.needs_host_minor) +
                  ", this one has " + std::to_string(BELFRY_ABI_MAJOR) + "." + std::to_string(BELFRY_ABI_MINOR) + "; update the gateway");
  }
  if (table.size < kRequiredSize) return too_short(kRequiredSize);
  // Version 0 may change from one minor to the next, so the fields of another minor cannot be interpreted.
  if (BELFRY_ABI_MAJOR == 0 && table.abi_minor != BELFRY_ABI_MINOR) {
    return refuse("built for plugin ABI 0." + std::to_string(table.abi_minor) + ", wanted 0." + std::to_string(BELFRY_ABI_MINOR) +
                  "; until ABI 1 a plugin works with one release of Belfry only: build it with the SDK of this one");
  }
  const auto missing = [&](const char* name) {
    return refuse(std::string("the entry's function ") + name + " is null, wanted a function");
  };
  if (table.count == nullptr) return missing("count");
  if (table.descriptor == nullptr) return missing("descriptor");
  if (table.create == nullptr) return missing("create");
  return table;
}

base::Result<PluginType> read_descriptor(const std::string& file, std::uint32_t index, const belfry_descriptor* descriptor) {
  const std::string which = "descriptor " + std::to_string(index);
  const auto refuse = [&](const std::string& what) { return base::fail(base::ErrorCode::invalid, file + ": " + what); };
  if (descriptor == nullptr) return refuse(which + " is null, wanted a table");
  const belfry_descriptor table = copy_of(descriptor);
  constexpr std::size_t kWanted = offsetof(belfry_descriptor, config_schema_json) + sizeof(belfry_str);
  if (table.size < kWanted) {
    return refuse(which + " has " + std::to_string(table.size) + " bytes, wanted at least " + std::to_string(kWanted));
  }
  PluginType type;
  type.index = index;
  type.type = clean_text(view(table.type), kMaxLabelLength);
  if (!is_type_name(type.type)) return refuse(which + " has the type \"" + type.type + "\", wanted [a-z][a-z0-9_-]{0,31}");
  type.title = clean_text(view(table.title), kMaxLabelLength);
  type.version = clean_text(view(table.version), kMaxLabelLength);
  type.license = clean_text(view(table.license), kMaxLabelLength);
  type.schema_text = view(table.config_schema_json);
  type.schema = nlohmann::json::parse(type.schema_text, nullptr, false);
  const std::string schema = "the configuration schema of \"" + type.type + "\" ";
  if (type.schema.is_discarded()) return refuse(schema + "is not JSON, wanted a JSON Schema (draft-07)");
  if (const auto usable = check_schema(type.schema); !usable) return refuse(schema + usable.error().message);
  return type;
}

}  // namespace

base::Result<Handshake> negotiate(const std::string& file, const belfry_plugin_entry* entry) {
  const auto table = check_entry(file, entry);
  if (!table) return std::unexpected(table.error());
  Handshake result{*table, {}};
  const std::uint32_t count = table->count();
  if (count == 0 || count > kMaxTypes) {
    return base::fail(base::ErrorCode::invalid,
                      file + ": offers " + std::to_string(count) + " types of sink, wanted 1 to " + std::to_string(kMaxTypes));
  }
  std::set<std::string> seen;
  for (std::uint32_t index = 0; index < count; ++index) {
    auto type = read_descriptor(file, index, table->descriptor(index));
    if (!type) return std::unexpected(type.error());
    if (!seen.insert(type->type).second) {
      return base::fail(base::ErrorCode::invalid, file + ": offers the type \"" + type->type + "\" twice, wanted each once");
    }
    result.types.push_back(std::move(*type));
  }
  return result;
}

base::Result<belfry_instance> check_instance(const std::string& file, const belfry_instance* instance) {
  const auto refuse = [&](const std::string& what) { return base::fail(base::ErrorCode::invalid, file + ": " + what); };
  if (instance == nullptr) return refuse("create() returned no instance table, wanted one");
  const belfry_instance table = copy_of(instance);
  constexpr std::size_t kWanted = offsetof(belfry_instance, extension);
  if (table.size < kWanted) {
    return refuse("the instance table has " + std::to_string(table.size) + " bytes, wanted at least " + std::to_string(kWanted));
  }
  const std::pair<const char*, bool> required[] = {{"configure", table.configure != nullptr}, {"start", table.start != nullptr},
                                                   {"deliver", table.deliver != nullptr},     {"abandon", table.abandon != nullptr},
                                                   {"event", table.event != nullptr},         {"stop", table.stop != nullptr},
                                                   {"destroy", table.destroy != nullptr}};
  for (const auto& [name, present] : required) {
    if (!present) return refuse(std::string("the instance's function ") + name + " is null, wanted a function");
  }
  return table;
}

}  // namespace belfry::plugin
