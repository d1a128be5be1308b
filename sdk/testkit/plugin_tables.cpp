// The plugin's own tables: refused where the gateway refuses them.
#include <dlfcn.h>

#include <algorithm>
#include <stdexcept>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

[[noreturn]] void refuse_plugin(const std::string& why) { throw std::runtime_error("the gateway would refuse the plugin: " + why); }

bool is_type_name(std::string_view name) {
  constexpr std::size_t kMaxLength = 32;
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= kMaxLength && name.front() >= 'a' && name.front() <= 'z' && std::ranges::all_of(name, allowed);
}

bool is_method(std::string_view method) {
  return !method.empty() && std::ranges::all_of(method, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_path(std::string_view path) {
  return path.starts_with('/') && std::ranges::all_of(path, [](char c) { return c > ' ' && c < '\x7F' && c != '?' && c != '#'; });
}

}  // namespace

const belfry_plugin_entry* load_plugin(const std::filesystem::path& file) {
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto entry = reinterpret_cast<belfry_plugin_entry_fn>(dlsym(library, BELFRY_PLUGIN_ENTRY_NAME));
  if (entry == nullptr) throw std::runtime_error(file.string() + " does not export " BELFRY_PLUGIN_ENTRY_NAME);
  return entry();
}

void FakeState::read_entry(const belfry_plugin_entry* raw) {
  if (raw == nullptr) refuse_plugin("its entry is null");
  entry = sd::copy_sized(raw);
  if (entry.magic != BELFRY_PLUGIN_MAGIC) refuse_plugin("wrong magic");
  if (entry.abi_major != BELFRY_ABI_MAJOR) refuse_plugin("it was built for another major version of the ABI");
  if (entry.needs_host_minor > BELFRY_ABI_MINOR) refuse_plugin("it needs a newer minor version of the ABI");
  if (entry.size < BELFRY_SIZE_THROUGH(belfry_plugin_entry, create) || entry.count == nullptr || entry.descriptor == nullptr ||
      entry.create == nullptr) {
    refuse_plugin("its entry lacks a required function");
  }
  check_reserved("belfry_plugin_entry", entry.reserved);
  const auto types = entry.count();
  if (types < 1 || types > BELFRY_MAX_TYPES) refuse_plugin("it has " + std::to_string(types) + " types, wanted 1 to BELFRY_MAX_TYPES");
}

void FakeState::read_descriptor(std::uint32_t index) {
  if (index >= entry.count()) refuse_plugin("it has no type with this index or name");
  const auto* raw = entry.descriptor(index);
  if (raw == nullptr) refuse_plugin("a descriptor is null");
  descriptor = read(raw, "belfry_descriptor", BELFRY_SIZE_THROUGH(belfry_descriptor, optional_service_count));
  check_reserved("belfry_descriptor", descriptor.reserved);
  const auto type = text(descriptor.type, "the type's name");
  if (!is_type_name(type)) refuse_plugin("\"" + type + "\" is not the name of a type, [a-z][a-z0-9_-]{0,31}");
  if (descriptor.must_understand != 0) refuse_plugin("`must_understand` has a bit that is not defined");
  for (const auto& [label, value] :
       {std::pair{"title", descriptor.title}, {"version", descriptor.version}, {"license", descriptor.license}}) {
    const auto what = std::string("the type's ") + label;
    check_bound(what, text(value, what).size(), BELFRY_MAX_LABEL_BYTES, "BELFRY_MAX_LABEL_BYTES");
  }
  if ((descriptor.service_count != 0 && descriptor.services == nullptr) ||
      (descriptor.optional_service_count != 0 && descriptor.optional_services == nullptr)) {
    refuse_plugin("a list of services is a length and a null pointer");
  }
  for (std::uint32_t i = 0; i < descriptor.service_count; ++i) {
    const auto id = text(descriptor.services[i], "the id of a service");
    if (find_service(id) == nullptr) refuse_plugin("it needs " + id + ", which this host does not have");
    declared.insert(id);
  }
  for (std::uint32_t i = 0; i < descriptor.optional_service_count; ++i) {
    declared.insert(text(descriptor.optional_services[i], "the id of a service"));
  }
}

void FakeState::read_api(const belfry_sink_api* raw) {
  api = sd::copy_sized(raw);
  check_reserved("belfry_sink_api", api.reserved);
  const bool whole = api.size >= BELFRY_SIZE_THROUGH(belfry_sink_api, destroy) && api.configure != nullptr && api.start != nullptr &&
                     api.deliver != nullptr && api.abandon != nullptr && api.event != nullptr && api.stop != nullptr &&
                     api.destroy != nullptr;
  if (!whole) refuse_plugin("belfry_sink_api lacks a required function");
}

// ---- Extensions -------------------------------------------------------------------------------------------------------------------

const void* FakeState::query_extension(std::string_view id) {
  const void* table = nullptr;
  if (BELFRY_HAS(&api, extension)) call("extension", CallThread::control, [&] { table = api.extension(self, sd::str(id)); });
  if (table != nullptr) extensions.emplace(id);
  return table;
}

template <class Table>
void FakeState::load_extension(std::optional<Table>& into, const char* id, std::size_t required, bool (*is_whole)(const Table&)) {
  into.reset();
  const auto* raw = static_cast<const Table*>(query_extension(id));
  if (raw == nullptr) return;
  const auto table = sd::copy_sized(raw);
  if (table.size < required || !is_whole(table)) {
    extensions.erase(id);
    return violation("bad_table", std::string(id) + " lacks a required function");
  }
  into = table;
}

void FakeState::load_extensions() {
  extensions.clear();
  load_extension<belfry_sink_inbound_http>(
      inbound, BELFRY_SINK_INBOUND_HTTP_1, BELFRY_SIZE_THROUGH(belfry_sink_inbound_http, handle),
      [](const auto& table) { return table.routes != nullptr && table.verify != nullptr && table.handle != nullptr; });
  load_extension<belfry_sink_reconcile>(reconcile, BELFRY_SINK_RECONCILE_1, BELFRY_SIZE_THROUGH(belfry_sink_reconcile, reconcile),
                                        [](const auto& table) { return table.reconcile != nullptr; });
  load_extension<belfry_sink_check_online>(check_online, BELFRY_SINK_CHECK_ONLINE_1, BELFRY_SIZE_THROUGH(belfry_sink_check_online, check),
                                           [](const auto& table) { return table.check != nullptr; });
  load_extension<belfry_sink_in_flight>(in_flight, BELFRY_SINK_IN_FLIGHT_1, BELFRY_SIZE_THROUGH(belfry_sink_in_flight, max),
                                        [](const auto& table) { return table.max != nullptr; });
  load_extension<belfry_sink_render>(render, BELFRY_SINK_RENDER_1, BELFRY_SIZE_THROUGH(belfry_sink_render, render),
                                     [](const auto& table) { return table.render != nullptr; });
  max_in_flight = 0;
  if (in_flight) call("max", CallThread::control, [&] { max_in_flight = in_flight->max(self); });
  load_routes();
}

void FakeState::load_routes() {
  routes.clear();
  if (!inbound) return;
  const belfry_inbound_route* array = nullptr;
  std::uint32_t count = 0;
  call("routes", CallThread::control, [&] { count = inbound->routes(self, &array); });
  if (!check_bound("the number of inbound routes", count, BELFRY_MAX_INBOUND_ROUTES, "BELFRY_MAX_INBOUND_ROUTES")) return;
  if (count != 0 && array == nullptr) return violation("bad_argument", "routes() returned a length and a null pointer");
  std::set<std::string> paths;
  for (std::uint32_t i = 0; i < count; ++i) {
    InboundRoute route{text(array[i].method, "the method of a route"), text(array[i].path, "the path of a route")};
    if (!is_method(route.method) || !is_path(route.path)) {
      violation("bad_route", "\"" + route.method + ' ' + route.path + "\" is not a method and a path");
    }
    if (!paths.insert(route.path).second) violation("bad_route", "there are two routes for " + route.path + ", wanted one method each");
    routes.push_back(std::move(route));
  }
}

}  // namespace belfry::testkit
