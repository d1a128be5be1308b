"""The files in packaging/monitoring: alert rules with promtool, the dashboard against a real Prometheus that scrapes a real gateway, and the
pages about them."""
import json
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

from harness import Gateway, free_port
from payloads import SOURCE, notification
from slack_sandbox.process import Sandbox
from test_docs import fenced

MONITORING = SOURCE / "packaging/monitoring"
RULES = MONITORING / "belfry.rules.yml"
TESTS = sorted(MONITORING.glob("*.test.yml"))
DASHBOARD = MONITORING / "grafana-dashboard.json"
ALERTS_PAGE = SOURCE / "docs/how-to/alerts.md"
MONITORING_PAGE = SOURCE / "docs/how-to/monitoring.md"
METRICS_PAGE = SOURCE / "docs/reference/metrics.md"
METRIC = re.compile(r"\b(?:belfry|process)_[a-z0-9_]+")
INTERVAL = 1  # seconds between scrapes
COMPUTED = {"belfry_delivered_within_minute"}  # in the name of a recording rule


def promtool(*arguments):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=120)


def alerts():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"] if "alert" in rule]


def dashboard_queries():
    """(panel, expression) of every query, also of those in collapsed rows."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    panels += [inner for panel in panels for inner in panel.get("panels", [])]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", [])]


def families(text):
    """The names of metrics in a text, without the suffixes of histograms."""
    return {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in METRIC.findall(text)}


class RulesTest(unittest.TestCase):
    def test_promtool_accepts_the_rules(self):
        checked = promtool("check", "rules", RULES)
        self.assertEqual(checked.returncode, 0, checked.stderr + checked.stdout)

    def test_unit_tests(self):
        self.assertEqual(len(TESTS), 2)
        for file in TESTS:
            with self.subTest(file.name):
                tested = promtool("test", "rules", file)
                self.assertEqual(tested.returncode, 0, tested.stderr + tested.stdout)

    def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(self):
        fires, quiet = set(), set()
        for file in TESTS:
            for case in yaml.safe_load(file.read_text())["tests"]:
                for test in case.get("alert_rule_test", []):
                    (fires if test.get("exp_alerts") else quiet).add(test["alertname"])
        names = {rule["alert"] for rule in alerts()}
        self.assertEqual((names - fires, names - quiet), (set(), set()))

    def test_every_alert_has_a_section_in_the_runbook(self):
        sections = re.findall(r"(?m)^## (\w+)$", ALERTS_PAGE.read_text())
        self.assertEqual(sorted(sections), sorted(rule["alert"] for rule in alerts()))
        for rule in alerts():
            with self.subTest(rule["alert"]):
                self.assertEqual(rule["annotations"]["runbook_url"], f"file:///usr/share/doc/belfry/alerts.md#{rule['alert'].lower()}")
                text = ALERTS_PAGE.read_text().split(f"\n## {rule['alert']}\n")[1].split("\n## ")[0]
                self.assertTrue(text.strip().startswith(rule["labels"]["severity"].capitalize() + "."), "the section begins with the severity")
                self.assertIn("- Look at: ", text)
                self.assertTrue(rule["annotations"]["summary"])

    def test_every_metric_is_documented(self):
        documented = families(METRICS_PAGE.read_text())
        used = {"rules": RULES.read_text(), "dashboard": "\n".join(query for _, query in dashboard_queries()), "page": MONITORING_PAGE.read_text()}
        for where, text in used.items():
            with self.subTest(where):
                names = {name for name in families(text) - COMPUTED if name.startswith("belfry_")}
                self.assertGreater(len(names), 3)
                self.assertEqual(names - documented, set())

    def test_examples_of_the_page(self):
        directory = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="belfry-monitoring-")))
        shutil.copy(RULES, directory / "belfry.rules.yml")
        blocks = [text for _, text in fenced(MONITORING_PAGE, "yml")]
        self.assertEqual(len(blocks), 3)
        for number, text in enumerate(blocks):
            with self.subTest(text):
                file = directory / f"{number}.yml"
                if text.startswith("# prometheus.yml"):
                    file.write_text(text.replace("/etc/prometheus/", f"{directory}/"))
                    checked = promtool("check", "config", file)
                else:
                    file.write_text(yaml.safe_dump({"groups": [{"name": "shown", "rules": yaml.safe_load(text)}]}))
                    checked = promtool("check", "rules", file)
                self.assertEqual(checked.returncode, 0, checked.stderr + checked.stdout)


class DashboardTest(unittest.TestCase):
    """Structure of the dashboard, as far as it can be checked without Grafana."""

    def setUp(self):
        self.board = json.loads(DASHBOARD.read_text())

    def test_panels_have_distinct_ids_and_do_not_overlap(self):
        panels = self.board["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = {}
        for panel in panels:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
                self.assertNotIn(cell, taken, f"{panel['title']} covers {taken.get(cell)}")
                taken[cell] = panel["title"]

    def test_every_panel_is_described_and_uses_the_chosen_data_source(self):
        for panel in self.board["panels"]:
            if panel["type"] == "row":
                continue
            with self.subTest(panel["title"]):
                self.assertTrue(panel["description"].endswith("."))
                for part in (panel, *panel["targets"]):
                    self.assertEqual(part["datasource"], {"type": "prometheus", "uid": "${datasource}"})
                self.assertTrue(all('job="$job"' in target["expr"] for target in panel["targets"]))

    def test_variables_are_defined(self):
        defined = {variable["name"] for variable in self.board["templating"]["list"]}
        used = set(re.findall(r"\$\{?([a-z]+)", json.dumps(self.board)))
        self.assertEqual(used - defined, set())


class Prometheus:
    """Context manager: a Prometheus that scrapes one gateway every second, as the job belfry, with the shipped rules."""

    def __init__(self, gateway):
        self.directory = Path(tempfile.mkdtemp(prefix="belfry-prometheus-"))
        self.port = free_port()
        target = f"127.0.0.1:{gateway.admin_port}"
        scrape = {"job_name": "belfry", "scrape_interval": f"{INTERVAL}s", "scrape_timeout": f"{INTERVAL}s", "static_configs": [{"targets": [target]}]}
        settings = {"global": {"evaluation_interval": f"{INTERVAL}s"}, "rule_files": [str(RULES)], "scrape_configs": [scrape]}
        (self.directory / "prometheus.yml").write_text(yaml.safe_dump(settings))
        self.process = None

    def __enter__(self):
        with open(self.directory / "log", "wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self.directory}/prometheus.yml",
                    f"--storage.tsdb.path={self.directory}/data",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.directory)

    def get(self, path, **parameters):
        """The data of an answer; None while Prometheus does not respond."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            if refused.code != 503:
                raise AssertionError(f"{parameters}: {refused.read().decode()}") from None
        except urllib.error.URLError:
            if self.process.poll() is not None:
                raise AssertionError((self.directory / "log").read_text()) from None
        return None

    def values(self, query):
        """The values of an instant query, without NaN."""
        found = self.get("query", query=query)
        values = [float(series["value"][1]) for series in found["result"]] if found else []
        return [value for value in values if value == value]


def filled_in(query):
    """The query with the variables as Grafana fills them in, for the interval of this test."""
    return query.replace("$__rate_interval", f"{20 * INTERVAL}s").replace("$job", "belfry").replace("$sink", ".*")


class LiveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="belfry-monitoring-")))
        pair = {"client_certificate": str(directory / "client.crt"), "client_key": str(directory / "client.key")}
        request = ["-x509", "-newkey", "ed25519", "-nodes", "-days", "90", "-subj", "/CN=belfry", "-keyout", pair["client_key"], "-out", pair["client_certificate"]]
        subprocess.run(["openssl", "req", *request], check=True, capture_output=True)
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))
        routes = [{"name": "canary", "when": {"source": "canary"}, "to": ["slack"]}, {"name": "everyone", "to": ["slack"]}]
        canary = {"every": "10s", "to": "canary@coder.com"}
        cls.gateway = cls.enterClassContext(Gateway(cls.sandbox, routes=routes, http=pair, canary=canary))
        cls.prometheus = cls.enterClassContext(Prometheus(cls.gateway))
        cls.gateway.until(lambda: cls.prometheus.values("belfry_build_info"), "Prometheus has scraped the gateway", 60)

    def traffic(self):
        """Deliveries, a request that is invalid, and a click with a wrong signature. Returns when Prometheus has scraped them."""
        for number in range(3):
            self.assertEqual(self.gateway.post_webhook(notification(f"person{number}@coder.com"))[0], 204)
        self.assertEqual(self.gateway.post_webhook(b"{}")[0], 400)
        self.gateway.post("/slack/events", b"payload={}", {"Content-Type": "application/x-www-form-urlencoded"})
        self.gateway.wait_idle()
        accepted = self.gateway.metric("belfry_deliveries_total", outcome="delivered")
        scraped = lambda: sum(self.prometheus.values('belfry_deliveries_total{outcome="delivered"}'))  # noqa: E731
        self.gateway.until(lambda: scraped() >= accepted, "Prometheus has scraped the deliveries", 60)

    def test_every_query_of_the_dashboard_returns_data(self):
        queries = dict.fromkeys(dashboard_queries())
        self.assertGreater(len(queries), 30)
        left, deadline = list(queries), time.monotonic() + 60
        while left:
            self.assertLess(time.monotonic(), deadline, f"no data after a minute: {left}")
            self.traffic()
            left = [(panel, query) for panel, query in left if not self.prometheus.values(filled_in(query))]

    def test_queries_of_the_page_return_data(self):
        for _, query in fenced(MONITORING_PAGE, "promql"):
            with self.subTest(query):
                self.traffic()
                self.gateway.until(lambda query=query: self.prometheus.values(query), "the query returns data", 60)

    def test_every_metric_in_use_is_exposed(self):
        exposed = families("\n".join(re.findall(r"(?m)^# TYPE (\S+) ", self.gateway.admin("/metrics")[1])))
        used = families(RULES.read_text() + "\n".join(query for _, query in dashboard_queries()))
        self.assertEqual(used - exposed - COMPUTED, set())

    def test_rules_are_evaluated_without_errors_and_only_expected_alerts_fire(self):
        def evaluated():
            rules = [rule for group in self.prometheus.get("rules")["groups"] for rule in group["rules"]]
            return rules if all(rule["health"] == "ok" for rule in rules) else None

        rules = self.gateway.until(evaluated, "every rule is evaluated", 60)
        self.assertEqual(len(rules), len(alerts()) + 1)
        firing = {alert["labels"]["alertname"] for alert in self.prometheus.get("alerts")["alerts"] if alert["state"] == "firing"}
        # The traffic of these tests has requests that are rejected, and little else is wrong with this gateway.
        self.assertLessEqual(firing, {"BelfryRequestsRejected", "BelfryInboundRefused", "BelfryStoreDiskLow"})

    def test_a_dead_letter_becomes_a_pending_alert(self):
        self.sandbox.post("users", email="gone@coder.com", absent=True)
        self.assertEqual(self.gateway.post_webhook(notification("gone@coder.com"))[0], 204)
        states = lambda: {alert["labels"]["alertname"]: alert["state"] for alert in self.prometheus.get("alerts")["alerts"]}  # noqa: E731
        self.gateway.until(lambda: states().get("BelfryDeadLetters") == "pending", "the alert is pending for its five minutes", 60)

    def test_a_source_is_heard_with_each_notification(self):
        before = time.time()
        self.traffic()
        self.assertLess(abs(self.gateway.metric("belfry_source_last_heard_timestamp_seconds", source="coder") - before), 60)

    def test_the_canary_is_delivered_and_measured(self):
        success = self.gateway.until(lambda: self.gateway.metric("belfry_canary_last_success_timestamp_seconds"), "a canary has arrived", 60)
        self.assertLess(abs(time.time() - success), 120)
        self.assertEqual(self.gateway.metric("belfry_canary_interval_seconds"), 10)
        self.gateway.until(lambda: self.gateway.metric("belfry_canary_last_success_timestamp_seconds") > success, "the next one has arrived", 60)
        self.sandbox.refresh()
        self.assertIn("canary@coder.com", {row["email"] for row in self.sandbox.messages()})

    def test_free_space_is_that_of_the_file_system(self):
        free = shutil.disk_usage(self.gateway.directory / "state").free
        self.assertLess(abs(self.gateway.metric("belfry_store_free_bytes") - free), free / 2)


if __name__ == "__main__":
    unittest.main()
