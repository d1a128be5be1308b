#!/usr/bin/python3
"""Tests packaging_rule.py: it reports every line that the unit or a package loses."""
import re
import unittest
from pathlib import Path

import packaging_rule

ROOT = Path(__file__).resolve().parents[2]


class PackagingRule(unittest.TestCase):
    def test_each_line_that_is_lost_or_weakened_is_a_problem(self):
        for file, pattern, changed, words in [
            (packaging_rule.UNIT, r" --config /etc/belfry/belfry\.yaml", "", "ExecStart= lacks"),
            (packaging_rule.UNIT, r"(?m)^ExecStart=.*\n", "", "ExecStart= lacks"),
            (packaging_rule.UNIT, r" time-set\.target", "", "After= lacks time-set.target"),
            (packaging_rule.UNIT, r" time-sync\.target", "", "After= lacks time-sync.target"),
            (packaging_rule.UNIT, r"(?m)^After=network-online\.target", "After=network.target", "After= lacks network-online.target"),
            (packaging_rule.UNIT, r"(?m)^LimitNOFILE=.*", "LimitNOFILE=1024", "LimitNOFILE= must be at least"),
            (packaging_rule.UNIT, r"(?m)^LimitNOFILE=.*", "", "LimitNOFILE= must be at least"),
            (packaging_rule.UNIT, r"(?m)^Restart=always", "Restart=on-failure", "Restart= must be always"),
            (packaging_rule.UNIT, r"(?m)^LimitCORE=0\n", "", "LimitCORE= must be 0"),
            (packaging_rule.UNIT, r"(?m)^LimitCORE=0", "#LimitCORE=0", "LimitCORE= must be 0"),
            ("packaging/deb/control", r" tzdata,", "", "lacks tzdata"),
            ("packaging/rpm/belfry.spec", r"(?m)^Requires: +tzdata\n", "", "lacks tzdata"),
        ]:
            with self.subTest(file=file, pattern=pattern):
                text = (ROOT / file).read_text()
                worse, count = re.subn(pattern, changed, text)
                self.assertGreater(count, 0, "the pattern of this test is out of date")
                self.assertEqual(list(packaging_rule.FILES[file](text)), [])
                found = list(packaging_rule.FILES[file](worse))
                self.assertTrue(any(words in problem for problem in found), found)

    def test_names_that_no_package_installs(self):
        self.assertEqual(list(packaging_rule.problems_of_paths(ROOT)), [])
        for file, pattern, changed, words in [
            ("packaging/deb/belfry.postinst", "restart-after-upgrade", "restart-on-upgrade", "/usr/libexec/belfry/restart-on-upgrade is not installed"),
            ("packaging/deb/belfry.postinst", "/etc/belfry/conf.d", "/etc/belfry/config.d", "/etc/belfry/config.d is not installed"),
            ("packaging/rpm/belfry.spec", "belfry/restart-after-upgrade", "belfry/restart", "/usr/libexec/belfry/restart is not installed"),
            ("packaging/rpm/belfry.spec", "packaging/highest-glibc", "packaging/newest-glibc", "packaging/newest-glibc does not exist"),
            ("packaging/deb/rules", "packaging/systemd/belfry.sysusers", "packaging/systemd/sysusers", "packaging/systemd/sysusers does not exist"),
            ("packaging/CMakeLists.txt", "systemd/restart-after-upgrade", "systemd/restart", "/usr/libexec/belfry/restart-after-upgrade is not installed"),
            ("packaging/CMakeLists.txt", "LIBEXECDIR}/belfry", "LIBEXECDIR}", "/usr/libexec/belfry/restart-after-upgrade is not installed"),
            ("packaging/CMakeLists.txt", "PROGRAMS systemd", "FILES systemd", "restart-after-upgrade is installed without the permission"),
            ("packaging/systemd/restart-after-upgrade", "/usr/bin/belfry ", "/usr/bin/belfryd ", "/usr/bin/belfryd is not installed"),
            (packaging_rule.UNIT, "BINDIR@/belfry serve", "BINDIR@/belfry-gateway serve", "/usr/bin/belfry-gateway is not installed"),
            ("config/belfry.yaml", "/usr/lib/belfry/plugins", "/usr/lib/belfry/sinks", "/usr/lib/belfry/sinks is not installed"),
            ("packaging/manual/man_page.py", "belfry.schema.json", "schema.json", "/usr/share/belfry/schema.json is not installed"),
        ]:
            with self.subTest(file=file, pattern=pattern):
                text = (ROOT / file).read_text()
                self.assertIn(pattern, text, "the pattern of this test is out of date")
                found = list(packaging_rule.problems_of_paths(ROOT, {file: text.replace(pattern, changed)}))
                self.assertTrue(any(words in problem for problem in found), found)


if __name__ == "__main__":
    unittest.main()
