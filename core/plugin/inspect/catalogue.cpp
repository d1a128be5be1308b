#include "plugin/inspect/catalogue.hpp"

#include <algorithm>

#include "base/closest_word.hpp"
#include "plugin/inspect/config_check.hpp"
#include "plugin/inspect/library.hpp"

namespace belfry::plugin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCopies = "plugins";

std::vector<CatalogueEntry> list_all(const std::vector<fs::path>& directories) {
  std::vector<CatalogueEntry> entries;
  for (const auto& directory : directories) {
    const auto files = list_plugins(directory);
    if (!files) {
      entries.push_back({directory, files.error().message, {}, {}, {}, {}});
      continue;
    }
    for (const auto& file : *files) entries.push_back({file, {}, {}, {}, {}, {}});
  }
  return entries;
}

void probe_all(std::vector<CatalogueEntry>& entries, const InspectSettings& settings, const WantedTypes& wanted = {}) {
  std::vector<Probe> probes;
  std::vector<CatalogueEntry*> of;
  for (auto& entry : entries) {
    if (!entry.refusal.empty()) continue;
    auto copy = private_copy(entry.file, settings.state_dir / kCopies);
    if (!copy) {
      entry.refusal = copy.error().message;
      continue;
    }
    entry.copy = std::move(*copy);
    probes.push_back({entry.file, entry.copy.path, std::nullopt});
    of.push_back(&entry);
  }
  auto probed = run_probes(probes, settings.probe, wanted);
  for (std::size_t i = 0; i < probed.size(); ++i) {
    of[i]->scan_took = probed[i].scan_took;
    if (probed[i].types) {
      of[i]->types = std::move(*probed[i].types);
      of[i]->refused_types = std::move(probed[i].refused_types);
    } else {
      of[i]->refusal = probed[i].types.error().message;
    }
  }
}

void refuse_second_offers(std::vector<CatalogueEntry>& entries) {
  std::map<std::string, fs::path> first;
  for (auto& entry : entries) {
    for (const auto& type : entry.types) {
      const auto known = first.find(type.type);
      if (known == first.end()) continue;
      entry.refusal = entry.file.string() + ": offers the type \"" + type.type + "\", which " + known->second.string() +
                      " already offers; remove one of the two files";
      entry.types.clear();
      break;
    }
    for (const auto& type : entry.types) first.emplace(type.type, entry.file);
  }
}

}  // namespace

Catalogue::Found Catalogue::find(std::string_view type) const {
  for (const auto& entry : entries) {
    for (const auto& offered : entry.types) {
      if (offered.type == type) return {&entry, &offered};
    }
  }
  return {};
}

std::string Catalogue::not_found_message(std::string_view type) const {
  std::vector<std::string_view> offered;
  for (const auto& entry : entries) {
    for (const auto& known : entry.types) offered.push_back(known.type);
    for (const auto& refused : entry.refused_types)
      if (refused.type == type) return entry.file.string() + ": " + refused.why;
  }
  std::string text = "no plugin offers the type \"" + std::string(type) + "\"";
  if (const auto meant = base::closest_word(type, offered); !meant.empty()) return text + "; did you mean \"" + std::string(meant) + "\"?";
  text += offered.empty() ? "; no usable plugin was found in the directories of plugins.directories, which `belfry plugins list` shows"
                          : "; available types are ";
  for (std::size_t i = 0; i < offered.size(); ++i) text += (i == 0 ? "\"" : ", \"") + std::string(offered[i]) + "\"";
  for (const auto& entry : entries) {
    if (!entry.refusal.empty()) text += "; refused: " + entry.refusal;
  }
  return text;
}

Catalogue scan(const std::vector<fs::path>& directories, const InspectSettings& settings, const base::Logger& log,
               const WantedTypes& wanted) {
  Catalogue catalogue{list_all(directories)};
  probe_all(catalogue.entries, settings, wanted);
  refuse_second_offers(catalogue.entries);
  for (const auto& entry : catalogue.entries) {
    if (!entry.refusal.empty()) log.warn("plugin refused", {{"why", entry.refusal}});
    for (const auto& type : entry.refused_types) log.warn("plugin refused", {{"why", entry.file.string() + ": " + type.why}});
    if (entry.scan_took > kScanContract) {
      log.warn("plugin violation", {{"kind", "slow_scan"}, {"file", entry.file.string()}, {"took", entry.scan_took}});
    }
  }
  return catalogue;
}

CatalogueEntry inspect(const fs::path& file, const InspectSettings& settings) {
  std::vector<CatalogueEntry> entries(1);
  entries[0].file = file;
  probe_all(entries, settings);
  return std::move(entries[0]);
}

std::size_t remove_unused_copies(const InspectSettings& settings) { return remove_unused_copies(settings.state_dir / kCopies); }

std::vector<SinkCheck> check_sinks(const Catalogue& catalogue, std::vector<SinkRequest> requests, const InspectSettings& settings,
                                   base::Scrubber& scrubber) {
  std::vector<SinkCheck> checks(requests.size());
  std::vector<Probe> probes;
  std::vector<SinkCheck*> of;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    SinkRequest& request = requests[i];
    const auto [entry, type] = catalogue.find(request.type);
    if (type == nullptr) {
      checks[i].problems.push_back({Finding::Severity::error, "", catalogue.not_found_message(request.type)});
      continue;
    }
    const bool whole = request.references.broken.empty() && request.references.incomplete.empty();
    auto config = check_config(*type, {request.name, std::move(request.config), std::move(request.references)}, scrubber);
    checks[i].problems = std::move(config.problems);
    checks[i].missing = config.missing;
    if (!whole || has_error(checks[i].problems)) continue;
    checks[i].sink = CheckedSink{request.name,
                                 entry->file,
                                 entry->copy,
                                 *type,
                                 entry->scan_took,
                                 config.config,
                                 std::move(config.secrets),
                                 std::move(config.account),
                                 std::move(config.destination_key),
                                 std::move(config.fixed_destination),
                                 std::move(config.missing),
                                 {},
                                 {}};
    probes.push_back({entry->file, entry->copy.path, Trial{type->type, std::move(config.config)}});
    of.push_back(&checks[i]);
  }
  auto probed = run_probes(probes, settings.probe);
  for (std::size_t i = 0; i < probed.size(); ++i) {
    auto problems = probed[i].types ? std::move(probed[i].problems)
                                    : std::vector<Finding>{{Finding::Severity::error, "", probed[i].types.error().message}};
    for (auto& problem : problems) {
      problem.pointer = scrubber.scrub(std::move(problem.pointer));
      problem.text = scrubber.scrub(std::move(problem.text));
      of[i]->problems.push_back(std::move(problem));
    }
    of[i]->sink->inbound = std::move(probed[i].inbound);
    for (auto* why : {&probed[i].crash, &probed[i].cannot_start}) {
      if (!why->empty()) of[i]->cannot_run.push_back({Finding::Severity::error, "", *why = scrubber.scrub(std::move(*why))});
    }
    of[i]->sink->crash = std::move(probed[i].crash);
    if (has_error(of[i]->problems)) of[i]->sink.reset();
  }
  return checks;
}

std::string probe_for_crash(const CheckedSink& sink, const InspectSettings& settings) {
  const auto probed = run_probes({{sink.file, sink.copy.path, Trial{sink.type.type, sink.config}}}, settings.probe);
  const auto& found = probed.front();
  if (!found.types) return found.types.error().message;
  const auto error = std::ranges::find(found.problems, Finding::Severity::error, &Finding::severity);
  return error != found.problems.end() ? error->text : found.crash;
}

}  // namespace belfry::plugin
