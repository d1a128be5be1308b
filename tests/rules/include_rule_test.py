#!/usr/bin/python3
"""The include rule can fail: forbidden arrows are added to a file that is only read, and refused."""
import unittest
from pathlib import Path

from include_rule import problems_of


class IncludeRule(unittest.TestCase):
    def refused(self, path, line):
        return list(problems_of(Path(path), f"#pragma once\n{line}\n"))

    def test_arrows_of_the_house_are_followed(self):
        for path, line in [
            ("core/route/tree.cpp", '#include "model/pipeline.hpp"'),
            ("core/delivery/lane.cpp", '#include "store/store.hpp"'),
            ("core/plugin/handshake.cpp", "#include <belfry/plugin.h>"),
            ("core/store/sqlite/writer.cpp", '#include "store/store.hpp"'),
            ("plugins/slack/plugin.cpp", "#include <belfry/sdk.hpp>"),
            ("plugins/slack/layout.hpp", '#include "markdown/reader.hpp"'),
            ("core/render/plain_text.cpp", '#include "markdown/reader.hpp"'),
        ]:
            self.assertEqual(self.refused(path, line), [], path)

    def test_forbidden_arrows_are_refused(self):
        for path, line in [
            ("core/route/tree.cpp", '#include "store/store.hpp"'),
            ("core/store/store.hpp", '#include "net/executor.hpp"'),
            ("core/delivery/lane.cpp", '#include "config/settings.hpp"'),
            ("core/delivery/lane.cpp", '#include "api/admin_api.hpp"'),
            ("core/net/router.cpp", '#include "model/delivery.hpp"'),
            ("core/delivery/lane.cpp", "#include <belfry/plugin.h>"),
            ("core/plugin/instance.cpp", "#include <belfry/sdk.hpp>"),
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
