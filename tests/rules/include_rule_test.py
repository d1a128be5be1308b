#!/usr/bin/python3
"""Tests include_rule.py: it rejects every forbidden include in this list and accepts every permitted one."""
import unittest
from pathlib import Path

from include_rule import problems_of


class IncludeRule(unittest.TestCase):
    def refused(self, path, line):
        return list(problems_of(Path(path), f"#pragma once\n{line}\n"))

    def test_includes_along_a_dependency_pass(self):
        for path, line in [
            ("core/route/tree.cpp", '#include "model/pipeline.hpp"'),
            ("core/delivery/lane.cpp", '#include "store/store.hpp"'),
            ("core/plugin/contract/handshake.cpp", "#include <belfry/plugin.h>"),
            ("core/plugin/run/tickets.cpp", '#include "plugin/contract/channel.hpp"'),
            ("core/plugin/host.cpp", '#include "plugin/run/services/services.hpp"'),
            ("core/app/observe/status.hpp", '#include "app/reload/reload_report.hpp"'),
            ("core/cli/commands/check.cpp", '#include "dryrun/findings.hpp"'),
            ("plugins/slack/deliver/poster.cpp", '#include "slack/web_api/calls.hpp"'),
            ("core/store/sqlite/writer.cpp", '#include "store/store.hpp"'),
            ("plugins/slack/plugin.cpp", "#include <belfry/sdk.hpp>"),
            ("plugins/slack/text/layout.hpp", '#include "markdown/reader.hpp"'),
            ("core/render/plain_text.cpp", '#include "markdown/reader.hpp"'),
        ]:
            self.assertEqual(self.refused(path, line), [], path)

    def test_other_includes_are_refused(self):
        for path, line in [
            ("core/route/tree.cpp", '#include "store/store.hpp"'),
            ("core/store/store.hpp", '#include "net/executor.hpp"'),
            ("core/delivery/lane.cpp", '#include "config/values/settings.hpp"'),
            ("core/delivery/lane.cpp", '#include "api/admin_api.hpp"'),
            ("core/net/server/router.cpp", '#include "model/delivery.hpp"'),
            ("core/delivery/lane.cpp", "#include <belfry/plugin.h>"),
            ("core/plugin/run/services/services.cpp", "#include <belfry/sdk.hpp>"),
            ("core/plugin/contract/abi.hpp", '#include "plugin/run/tickets.hpp"'),
            ("core/plugin/inspect/catalogue.cpp", '#include "plugin/host.hpp"'),
            ("core/plugin/run/tickets.cpp", '#include "plugin/elsewhere/tickets.hpp"'),
            ("core/store/tables.hpp", '#include "store/operations/steps.hpp"'),
            ("core/store/operations/lease.cpp", '#include "store/sqlite/tables.hpp"'),
            ("core/api/operators/access.cpp", '#include "api/admin/gateway.hpp"'),
            ("core/api/admin/audit.cpp", '#include "api/web/pages.hpp"'),
            ("core/app/reload/reloader.cpp", '#include "app/observe/status.hpp"'),
            ("core/app/observe/status.cpp", '#include "app/live.hpp"'),
            ("core/app/service.cpp", '#include "cli/terminal.hpp"'),
            ("core/dryrun/findings.cpp", '#include "app/app.hpp"'),
            ("core/sink_check/checked_sinks.cpp", '#include "app/live.hpp"'),
            ("core/cli/admin_client.hpp", '#include "cli/commands/commands.hpp"'),
            ("plugins/slack/web_api/calls.cpp", '#include "slack/message/parts.hpp"'),
            ("plugins/slack/text/link.cpp", '#include "slack/sink.hpp"'),
            ("core/app/app.cpp", "#include <boost/asio/io_context.hpp>"),
            ("core/policy/backoff.cpp", "#include <thread>"),
            ("plugins/slack/plugin.cpp", '#include "model/outcome.hpp"'),
            ("core/route/tree.cpp", '#include "../store/store.hpp"'),
            ("core/route/tree.cpp", '#include "markdown/reader.hpp"'),
            ("core/render/plain_text.cpp", "#include <cmark-gfm.h>"),
            ("sdk/markdown/reader.cpp", "#include <belfry/sdk.hpp>"),
        ]:
            self.assertEqual(len(self.refused(path, line)), 1, f"{path}: {line}")


if __name__ == "__main__":
    unittest.main()
