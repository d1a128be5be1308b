#include "plugin/contract/extensions.hpp"

#include <cstddef>
#include <cstring>
#include <initializer_list>

#include "plugin/contract/abi.hpp"

namespace belfry::plugin {
namespace {

template <class Table>
struct RequiredFunction {
  const char* name;
  bool (*is_set)(const Table&);
};

// Where the last required function of a table ends. Functions appended later are optional.
template <class Table>
constexpr std::size_t kRequiredSize = 0;
template <>
constexpr std::size_t kRequiredSize<belfry_sink_inbound_http> =
    offsetof(belfry_sink_inbound_http, handle) + sizeof(belfry_sink_inbound_http::handle);
template <>
constexpr std::size_t kRequiredSize<belfry_sink_reconcile> =
    offsetof(belfry_sink_reconcile, reconcile) + sizeof(belfry_sink_reconcile::reconcile);
template <>
constexpr std::size_t kRequiredSize<belfry_sink_render> = offsetof(belfry_sink_render, render) + sizeof(belfry_sink_render::render);
template <>
constexpr std::size_t kRequiredSize<belfry_sink_check_online> =
    offsetof(belfry_sink_check_online, check) + sizeof(belfry_sink_check_online::check);
template <>
constexpr std::size_t kRequiredSize<belfry_sink_in_flight> = offsetof(belfry_sink_in_flight, max) + sizeof(belfry_sink_in_flight::max);

class ExtensionReader {
 public:
  ExtensionReader(const std::string& file, const belfry_sink_api& plugin, void* self) : file_(file), plugin_(plugin), self_(self) {}

  // False: there is an error.
  template <class Table>
  bool read(const char* id, Table& out, std::initializer_list<RequiredFunction<Table>> functions) {
    static_assert(kRequiredSize<Table> > 0);
    if (plugin_.extension == nullptr) return true;
    const auto* offered = static_cast<const Table*>(plugin_.extension(self_, {id, std::strlen(id)}));
    if (offered == nullptr) return true;
    const Table table = copy_of(offered);
    if (table.size < kRequiredSize<Table>)
      return fail(id, "has " + std::to_string(table.size) + " bytes, wanted at least " + std::to_string(kRequiredSize<Table>));
    for (const auto& function : functions)
      if (!function.is_set(table)) return fail(id, std::string("has no function ") + function.name + ", which is required");
    out = table;
    return true;
  }

  [[nodiscard]] base::Error error() const { return {base::ErrorCode::invalid, error_}; }

 private:
  bool fail(const char* id, const std::string& what) {
    error_ = file_ + ": the extension " + id + " " + what;
    return false;
  }

  const std::string& file_;
  const belfry_sink_api& plugin_;
  void* const self_;
  std::string error_;
};

}  // namespace

base::Result<Extensions> read_extensions(const std::string& file, const belfry_sink_api& plugin, void* self) {
  Extensions out;
  ExtensionReader reader(file, plugin, self);
  const bool complete = reader.read<belfry_sink_inbound_http>(BELFRY_SINK_INBOUND_HTTP_1, out.inbound,
                                                              {{"routes", [](const auto& table) { return table.routes != nullptr; }},
                                                               {"verify", [](const auto& table) { return table.verify != nullptr; }},
                                                               {"handle", [](const auto& table) { return table.handle != nullptr; }}}) &&
                        reader.read<belfry_sink_reconcile>(BELFRY_SINK_RECONCILE_1, out.reconcile,
                                                           {{"reconcile", [](const auto& table) { return table.reconcile != nullptr; }}}) &&
                        reader.read<belfry_sink_render>(BELFRY_SINK_RENDER_1, out.render,
                                                        {{"render", [](const auto& table) { return table.render != nullptr; }}}) &&
                        reader.read<belfry_sink_check_online>(BELFRY_SINK_CHECK_ONLINE_1, out.check_online,
                                                              {{"check", [](const auto& table) { return table.check != nullptr; }}}) &&
                        reader.read<belfry_sink_in_flight>(BELFRY_SINK_IN_FLIGHT_1, out.in_flight,
                                                           {{"max", [](const auto& table) { return table.max != nullptr; }}});
  if (!complete) return std::unexpected(reader.error());
  return out;
}

}  // namespace belfry::plugin
