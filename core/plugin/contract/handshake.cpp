#include "plugin/contract/handshake.hpp"

#include <array>
#include <cstdio>
#include <optional>
#include <set>

#include "plugin/contract/abi.hpp"
#include "plugin/contract/host_services.hpp"
#include "plugin/contract/schema.hpp"
#include "plugin/contract/text.hpp"

namespace belfry::plugin {
namespace {

constexpr const char* kRebuild = "rebuild the plugin from its source with the SDK of this release (belfry-dev / belfry-devel)";

std::string hex(std::uint64_t value, int digits) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "0x%0*llX", digits, static_cast<unsigned long long>(value));
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
    return refuse("the magic number is " + hex(table.magic, 8) + ", wanted " + hex(BELFRY_PLUGIN_MAGIC, 8) +
                  "; this is not a Belfry plugin");
  }
  if (table.size < offsetof(belfry_plugin_entry, abi_minor)) return too_short(kRequiredSize);
  if (table.abi_major != BELFRY_ABI_MAJOR) {
    return refuse("built for plugin ABI " + std::to_string(table.abi_major) + ", wanted " + std::to_string(BELFRY_ABI_MAJOR) + "; " +
                  (table.abi_major > BELFRY_ABI_MAJOR ? "update the gateway" : kRebuild));
  }
  if (table.needs_host_minor > BELFRY_ABI_MINOR) {
    return refuse("needs a gateway with plugin ABI " + std::to_string(BELFRY_ABI_MAJOR) + "." + std::to_string(table.needs_host_minor) +
                  ", this one has " + std::to_string(BELFRY_ABI_MAJOR) + "." + std::to_string(BELFRY_ABI_MINOR) + "; update the gateway");
  }
  if (table.size < kRequiredSize) return too_short(kRequiredSize);
  const auto missing = [&](const char* name) {
    return refuse(std::string("the entry's function ") + name + " is null, wanted a function");
  };
  if (table.count == nullptr) return missing("count");
  if (table.descriptor == nullptr) return missing("descriptor");
  if (table.create == nullptr) return missing("create");
  return table;
}

// Empty when there is no array although the count is not 0.
std::optional<std::vector<std::string>> read_ids(const belfry_str* ids, std::uint32_t count) {
  if (count != 0 && ids == nullptr) return std::nullopt;
  std::vector<std::string> read;
  for (std::uint32_t i = 0; i < count; ++i) read.push_back(clean_text(view(ids[i]), BELFRY_MAX_LABEL_BYTES));
  return read;
}

base::Result<PluginType> read_descriptor(const std::string& file, std::uint32_t index, const belfry_descriptor& table) {
  const std::string which = "descriptor " + std::to_string(index);
  const auto refuse = [&](const std::string& what) { return base::fail(base::ErrorCode::invalid, file + ": " + what); };
  constexpr std::size_t kWanted = offsetof(belfry_descriptor, config_schema_json) + sizeof(belfry_str);
  if (table.size < kWanted) {
    return refuse(which + " has " + std::to_string(table.size) + " bytes, wanted at least " + std::to_string(kWanted));
  }
  PluginType type;
  type.type = clean_text(view(table.type), BELFRY_MAX_LABEL_BYTES);
  if (!is_type_name(type.type)) return refuse(which + " has the type \"" + type.type + "\", wanted [a-z][a-z0-9_-]{0,31}");
  type.title = clean_text(view(table.title), BELFRY_MAX_LABEL_BYTES);
  type.version = clean_text(view(table.version), BELFRY_MAX_LABEL_BYTES);
  type.license = clean_text(view(table.license), BELFRY_MAX_LABEL_BYTES);
  type.schema = nlohmann::json::parse(view(table.config_schema_json), nullptr, false);
  const std::string schema = "the configuration schema of \"" + type.type + "\" ";
  if (type.schema.is_discarded()) return refuse(schema + "is not JSON, wanted a JSON Schema (draft-07)");
  if (const auto usable = check_schema(type.schema); !usable) return refuse(schema + usable.error().message);
  type.access = table.access;
  auto services = read_ids(table.services, table.service_count);
  auto optional_services = read_ids(table.optional_services, table.optional_service_count);
  if (!services || !optional_services) return refuse(which + " counts services, but has no array of them");
  type.services = std::move(*services);
  type.optional_services = std::move(*optional_services);
  return type;
}

// Why this host cannot run the type; one sentence, or empty.
std::string refusal_of(const PluginType& type, const belfry_descriptor& table) {
  const std::string which = "the type \"" + type.type + "\" ";
  if (table.must_understand != 0) {
    return which + "requires features of a newer gateway (must_understand is " + hex(table.must_understand, 1) +
           ", and this gateway understands no bit of it); update the gateway";
  }
  for (const auto& id : type.services) {
    if (!host_service(id)) return which + "requires the service " + id + ", which this gateway does not have; update the gateway";
  }
  return {};
}

}  // namespace

base::Result<Handshake> negotiate(const std::string& file, const belfry_plugin_entry* entry) {
  const auto refuse = [&](const std::string& what) { return base::fail(base::ErrorCode::invalid, file + ": " + what); };
  const auto table = check_entry(file, entry);
  if (!table) return std::unexpected(table.error());
  Handshake result{*table, {}, {}};
  const std::uint32_t count = table->count();
  if (count == 0 || count > BELFRY_MAX_TYPES) {
    return refuse("offers " + std::to_string(count) + " types of sink, wanted 1 to " + std::to_string(BELFRY_MAX_TYPES));
  }
  std::set<std::string> seen;
  for (std::uint32_t index = 0; index < count; ++index) {
    const belfry_descriptor* const offered = table->descriptor(index);
    if (offered == nullptr) return refuse("descriptor " + std::to_string(index) + " is null, wanted a table");
    const belfry_descriptor descriptor = copy_of(offered);
    auto type = read_descriptor(file, index, descriptor);
    if (!type) return std::unexpected(type.error());
    if (!seen.insert(type->type).second) return refuse("offers the type \"" + type->type + "\" twice, wanted each once");
    auto why = refusal_of(*type, descriptor);
    if (why.empty()) {
      result.types.push_back(std::move(*type));
    } else {
      result.refused.push_back({std::move(type->type), std::move(why)});
    }
  }
  if (result.types.empty()) return refuse(result.refused.front().why);
  return result;
}

base::Result<belfry_sink_api> check_sink_api(const std::string& file, const belfry_sink_api* api) {
  const auto refuse = [&](const std::string& what) { return base::fail(base::ErrorCode::invalid, file + ": " + what); };
  if (api == nullptr) return refuse("create() returned no instance table, wanted one");
  const belfry_sink_api table = copy_of(api);
  constexpr std::size_t kWanted = offsetof(belfry_sink_api, extension);
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
