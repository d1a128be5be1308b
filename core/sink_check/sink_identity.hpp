// Identity of a sink across reloads: while it stays the same, the sink keeps running with all its state.
#pragma once
#include <string>

#include "config/values/settings.hpp"
#include "plugin/inspect/checked_sink.hpp"

namespace belfry::sink_check {

// Equal for equal settings, secrets, plugin files and transport files; reveals none of them. Reads the transport files.
[[nodiscard]] std::string identity_of(const config::SinkSettings& sink, const plugin::CheckedSink& checked);

}  // namespace belfry::sink_check
