#include <iostream>

#include "base/log.hpp"
#include "cli/commands/commands.hpp"
#include "cli/print_diagnostics.hpp"
#include "cli/schema_listing.hpp"
#include "config/load.hpp"
#include "dryrun/temporary_plugin_store.hpp"
#include "plugin/inspect/catalogue.hpp"

namespace belfry::cli {
namespace {

using nlohmann::json;

// Errors elsewhere in the configuration do not keep the plugins from being listed; an unreadable configuration does.
std::optional<std::vector<std::filesystem::path>> plugin_directories(const CommonOptions& common) {
  const auto loaded = config::load_configuration(common.config);
  if (const auto* settings = loaded.readable(); settings != nullptr && settings->plugins.complete) return settings->plugins.directories;
  print_errors(loaded.problems);
  return std::nullopt;
}

json document_of(const plugin::CatalogueEntry& entry) {
  json types = json::array();
  for (const auto& type : entry.types) {
    types.push_back(
        {{"type", type.type}, {"title", type.title}, {"version", type.version}, {"license", type.license}, {"schema", type.schema}});
  }
  return {
      {"file", entry.file.string()}, {"refusal", entry.refusal.empty() ? json(nullptr) : json(entry.refusal)}, {"types", std::move(types)}};
}

}  // namespace

int plugins_list_command(const CommonOptions& common) {
  const auto directories = plugin_directories(common);
  if (!directories) return 1;
  const dryrun::TemporaryPluginStore copies;
  const auto catalogue = plugin::scan(*directories, {copies.path(), {}}, base::silent_logger());

  if (common.json) {
    json list = json::array();
    for (const auto& entry : catalogue.entries) list.push_back(document_of(entry));
    std::cout << list.dump(2) << "\n";
    return 0;
  }
  for (const auto& entry : catalogue.entries) {
    for (const auto& type : entry.types) {
      std::cout << type.type << "  " << type.version << "  " << type.title << "  (" << entry.file.string() << ")\n";
    }
    if (!entry.refusal.empty()) std::cout << "refused: " << entry.refusal << "\n";
    for (const auto& type : entry.refused_types) std::cout << "refused: " << entry.file.string() << ": " << type.why << "\n";
  }
  if (catalogue.entries.empty()) {
    std::cout << "no plugins found in";
    for (const auto& directory : *directories) std::cout << " " << directory.string();
    std::cout << "\n";
  }
  return 0;
}

int plugins_show_command(const CommonOptions& common, const std::string& type) {
  const auto directories = plugin_directories(common);
  if (!directories) return 1;
  const dryrun::TemporaryPluginStore copies;
  const auto catalogue = plugin::scan(*directories, {copies.path(), {}}, base::silent_logger());
  const auto found = catalogue.find(type);
  if (found.type == nullptr) {
    std::cerr << "belfry plugins show: " << catalogue.not_found_message(type) << "\n";
    return 1;
  }
  if (common.json) {
    std::cout << document_of(*found.entry).dump(2) << "\n";
    return 0;
  }
  std::cout << found.type->type << " " << found.type->version << ": " << found.type->title << "\n"
            << "file: " << found.entry->file.string() << "\nlicense: " << found.type->license << "\n\nconfig:\n";
  print_keys(std::cout, found.type->schema, "  ");
  return 0;
}

}  // namespace belfry::cli
