// What makes a sink the one that it is: as long as this stays the same over a reload, the sink goes on with all that it has.
#pragma once
#include <string>

#include "config/settings.hpp"
#include "plugin/checked_sink.hpp"

namespace belfry::app {

// Equal for equal settings, secrets, plugin files and files of the transport; tells none of them. Reads the files of the transport.
[[nodiscard]] std::string identity_of(const config::SinkSettings& sink, const plugin::CheckedSink& checked);

}  // namespace belfry::app
