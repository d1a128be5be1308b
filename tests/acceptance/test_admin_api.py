"""The admin API of a running gateway: every operation of docs/reference/openapi.yaml is called, and every answer is checked against it; bad
input gets a clear answer and changes nothing."""
import json
import os
import pwd
import unittest
import urllib.parse
import uuid

import jsonschema
import yaml

from admin_api import AdminApi
from harness import Gateway, Sandbox
from payloads import SOURCE, notification

DOCUMENT = yaml.safe_load((SOURCE / "docs/reference/openapi.yaml").read_text())
TOKENS = {"common": "a-token-that-all-operators-share", "alice": "the-token-of-alice-alone"}
ESCAPES = "<b>bold</b> \x1b[31mred\x1b[0m \u202eright to left"


def resolved(node):
    return jsonschema.RefResolver("", DOCUMENT).resolve(node["$ref"])[1] if "$ref" in node else node


class Documented:
    """An AdminApi that checks each answer against the document and keeps the operations that were answered with success."""

    def __init__(self, api):
        self.api, self.called = api, set()

    def call(self, method, template, parts=None, **options):
        """`template`: a path of the document; `parts`: its parameters."""
        path = template
        for name, value in (parts or {}).items():
            path = path.replace(f"{{{name}}}", urllib.parse.quote(value, safe=""))
        answer = self.api.call(method, path, **options)
        self.check(method, template, answer)
        if answer.status < 400:
            self.called.add((method, template))
        return answer

    def check(self, method, template, answer):
        responses = DOCUMENT["paths"][template][method.lower()]["responses"]
        response = responses.get(str(answer.status)) or responses.get(f"{answer.status // 100}XX")
        where = f"{method} {template}: {answer.status} {answer.body[:500]}"
        if response is None:
            raise AssertionError(f"{where}: the status is not in the document")
        media = resolved(response)["content"]
        if answer.type not in media:
            raise AssertionError(f"{where}: {answer.type} is not in the document, which has {', '.join(media)}")
        content = answer.document if answer.type == "application/json" else answer.body.decode() if answer.type == "text/plain" else None
        if content is not None:
            validator = jsonschema.Draft202012Validator(media[answer.type]["schema"], resolver=jsonschema.RefResolver("", DOCUMENT))
            problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(content)]
            if problems:
                raise AssertionError(f"{where}: {problems}")


class AdminApiCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))
        cls.gateway = Gateway(cls.sandbox)
        cls.socket = cls.gateway.directory / "admin.sock"
        admin = {
            "listen": [f"127.0.0.1:{cls.gateway.admin_port}", f"unix:{cls.socket}"],
            "token": TOKENS["common"],
            "tokens": {"alice": TOKENS["alice"]},
            "hosts": ["belfry.example.com"],
        }
        cls.gateway.configure(admin=admin)
        cls.gateway.secrets += TOKENS.values()
        cls.enterClassContext(cls.gateway)
        cls.api = AdminApi(cls.gateway.admin_port, TOKENS["alice"])
        cls.unix = AdminApi(cls.socket)

    def post(self, email, **members):
        payload = notification(email, **members)
        self.assertEqual(self.gateway.post_webhook(payload)[0], 204)
        return payload["msg_id"]

    def delivery(self, msg_id, state):
        """The delivery of a notification, once it has the state."""

        def found():
            answer = self.api.call("GET", f"deliveries/{msg_id}")
            deliveries = answer.document["matches"][0]["deliveries"] if answer.status == 200 else []
            return next((d for d in deliveries if d["state"] == state), None)

        return self.gateway.until(found, f"{msg_id} is {state}")

    def dead_letter(self, **members):
        email = f"{uuid.uuid4()}@coder.com"
        self.sandbox.fault("error", error="restricted_action", email=email)
        return self.delivery(self.post(email, **members), "dead")

    def audit(self):
        return self.api.get("audit", limit=1000)["actions"]


class DocumentTest(AdminApiCase):
    def test_every_operation_is_called_and_answers_as_documented(self):
        api = Documented(self.api)
        for path in ("/healthz", "/readyz", "/metrics"):
            api.call("GET", path)
        one, other, third = self.dead_letter(), self.dead_letter(title=ESCAPES), self.dead_letter()
        delivered = self.delivery(self.post("ada@coder.com"), "delivered")
        api.call("GET", "/api/v1/deliveries", query={"state": "dead", "sink": "slack", "to": one["to"], "event": "Workspace Deleted", "since": "1h", "limit": 5})
        page = api.call("GET", "/api/v1/deliveries", query={"limit": 1}).document
        self.assertEqual(page["deliveries"][0]["id"], delivered["id"])
        self.assertNotEqual(api.call("GET", "/api/v1/deliveries", query={"limit": 1, "cursor": page["next"]}).document, page)
        for name in ("id", "notification", "msg_id"):
            matches = api.call("GET", "/api/v1/deliveries/{id}", {"id": delivered[name]}).document["matches"]
            self.assertEqual([match["notification"]["id"] for match in matches], [delivered["notification"]])
            self.assertIn("slack", matches[0]["explanation"])
        shown = api.call("GET", "/api/v1/deliveries/{id}", {"id": other["id"]})
        self.assertEqual(shown.document["matches"][0]["notification"]["title"], ESCAPES.replace("\x1b", ""), "removed at intake")
        self.assertNotIn(b"\x1b", shown.body)

        result = api.call("POST", "/api/v1/deliveries/{id}/retry", {"id": one["id"]}, body={"reason": "allowed again"}).document
        self.assertEqual(result, {"changed": [one["id"]], "unchanged": []})
        self.delivery(one["msg_id"], "delivered")
        api.call("POST", "/api/v1/deliveries/{id}/discard", {"id": other["id"]}, body={"reason": "no longer needed"})
        self.delivery(other["msg_id"], "discarded")
        for action in ("retry", "discard"):
            template = f"/api/v1/deliveries/{action}"
            self.assertEqual(api.call("POST", template, body={"ids": [third["id"]], "dry_run": True}).document["count"], 1)
            self.assertEqual(api.call("POST", template, body={"filter": {"state": "dead"}, "dry_run": True}).document, {"count": 1, "complete": True})
        api.call("POST", "/api/v1/deliveries/retry", body={"ids": [third["id"], "unknown"]})
        self.delivery(third["msg_id"], "delivered")
        started = api.call("POST", "/api/v1/deliveries/discard", body={"filter": {"state": "dead"}, "reason": "clean up"})
        self.assertEqual(started.status, 202)
        self.api.wait_for_job(started.document)
        api.call("GET", "/api/v1/jobs/{id}", {"id": started.document["id"]})

        explained = api.call("GET", "/api/v1/why", query={"to": one["to"], "since": "1h"}).document
        self.assertEqual([e["msg_id"] for e in explained["explanations"]], [one["msg_id"]])
        self.assertIn("token alice", explained["explanations"][0]["text"])
        nothing = api.call("GET", "/api/v1/why", query={"to": "nobody@coder.com"}).document
        self.assertEqual([source["source"] for source in nothing["heard"]], ["coder"])
        self.assertIn("nobody@coder.com", nothing["text"])
        sent = api.call("POST", "/api/v1/send", body={"to": "grace@coder.com", "title": "Is this on?", "severity": "info"}).document
        self.delivery(sent["deliveries"][0], "delivered")
        heard = api.call("GET", "/api/v1/why", query={"to": "nobody@coder.com"}).document["heard"]
        self.assertEqual([source["source"] for source in heard], ["coder"], "the gateway itself is not a source")
        self.assertEqual(api.call("GET", "/api/v1/log-level").document, {"level": "info"})
        api.call("PUT", "/api/v1/log-level", body={"level": "debug", "reason": "to see routes"})
        self.post("debug@coder.com")
        self.gateway.until(lambda: "delivery planned" in self.gateway.log(), "a line of level debug")
        api.call("PUT", "/api/v1/log-level", body={"level": "info"})

        api.call("GET", "/api/v1/status")
        api.call("POST", "/api/v1/reload")
        release = lambda: api.call("POST", "/api/v1/sinks/{name}/release", {"name": "slack"}, body={"reason": "Slack is back"})  # noqa: E731
        self.assertEqual((release().document["effect"], self.audit()[0]["action"]), ("none", "reload"), "nothing to release or to record")
        self.sandbox.fault("error", error="internal_error", email="later@coder.com", count=None)
        later = self.post("later@coder.com")
        self.delivery(later, "backoff")
        self.gateway.until(lambda: release().document["effect"] == "released", "a delivery in back-off is tried now")
        self.sandbox.clear_faults()
        self.delivery(later, "delivered")
        api.call("GET", "/api/v1/notifications", query={"since": "2026-01-01T00:00:00Z", "from": 0})
        api.call("GET", "/api/v1/notifications/outcomes", query={"since": "2026-01-01T00:00:00Z", "from": 0})
        backup = api.call("POST", "/api/v1/backup").document["id"]
        state = lambda: api.call("GET", "/api/v1/backup", query={"id": backup}).document["state"]  # noqa: E731
        self.gateway.until(lambda: state() == "ready", "the backup is ready")
        self.assertTrue(api.call("GET", "/api/v1/backup/data", query={"id": backup, "from": 0}).body.startswith(b"SQLite format 3"))
        api.call("DELETE", "/api/v1/backup", query={"id": backup})

        actions = self.audit()
        api.call("GET", "/api/v1/audit", query={"limit": 1, "cursor": api.call("GET", "/api/v1/audit", query={"limit": 1}).document["next"]})
        self.assertEqual({action["by"] for action in actions}, {"token alice"})
        self.assertEqual({action["action"] for action in actions}, set(DOCUMENT["components"]["schemas"]["Action"]["properties"]["action"]["enum"]))
        self.assertIn("allowed again", [action["reason"] for action in actions])
        documented = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
        self.assertEqual(documented - api.called, set(), "operations of the document that were not called with success")


class OperatorTest(AdminApiCase):
    def test_the_operator_is_the_peer_or_the_holder_of_the_token(self):
        body = {"level": "info"}
        for api in (self.unix, self.api, AdminApi(self.gateway.admin_port, TOKENS["common"])):
            self.assertEqual(api.call("PUT", "log-level", body=body).status, 200)
        user = f"{pwd.getpwuid(os.getuid()).pw_name} (uid {os.getuid()})"
        self.assertEqual([action["by"] for action in self.audit()[:3]], ["token", "token alice", user])

    def test_two_operators_at_once(self):
        letter = self.dead_letter()
        first = self.api.call("POST", f"deliveries/{letter['id']}/discard", body={"reason": "mine"})
        second = self.unix.call("POST", f"deliveries/{letter['id']}/discard", body={"reason": "mine as well"})
        self.assertEqual((first.status, second.status), (200, 409))
        self.assertEqual([one["id"] for one in second.document["unchanged"]], [letter["id"]])
        self.assertEqual([action["reason"] for action in self.audit()].count("mine as well"), 0)

    def test_what_is_in_flight_stays(self):
        self.sandbox.fault("slow", ms=3_000, email="slow@coder.com")
        delivery = self.delivery(self.post("slow@coder.com"), "in_flight")
        for action, body in (("retry", {}), ("discard", {"reason": "too slow"})):
            answer = self.api.call("POST", f"deliveries/{delivery['id']}/{action}", body=body)
            self.assertEqual((answer.status, answer.document["unchanged"][0]["why"]), (409, "is in flight"))
        self.delivery(delivery["msg_id"], "delivered")

    def test_erased_text_cannot_be_sent_again(self):
        passcode = notification("erased@coder.com", **{"payload.notification_name": "One-Time Passcode"})
        passcode["payload"]["notification_template_id"] = "62f86a30-2330-4b61-a26d-311ff3b608cf"
        self.sandbox.fault("error", error="restricted_action", email="erased@coder.com")
        self.assertEqual(self.gateway.post_webhook(passcode)[0], 204)
        delivery = self.delivery(passcode["msg_id"], "dead")
        shown = self.api.get(f"deliveries/{delivery['id']}")["matches"][0]["notification"]
        self.assertEqual((shown["sensitive"], shown["title"], shown["body"]), (True, None, None))
        answer = self.api.call("POST", f"deliveries/{delivery['id']}/retry")
        self.assertEqual((answer.status, answer.document["unchanged"][0]["why"]), (409, "its sensitive text was erased"))


class BadInputTest(AdminApiCase):
    def setUp(self):
        self.before = self.audit()

    def tearDown(self):
        self.assertEqual(self.audit(), self.before, "something was changed")

    def refused(self, status, method, path, why, **options):
        answer = options.pop("api", self.api).call(method, path, **options)
        self.assertEqual(answer.status, status, answer.body)
        self.assertIn(why, answer.document["error"])
        self.assertNotIn(b"\x1b", answer.body)

    def test_ids_that_do_not_exist(self):
        for name in (str(uuid.uuid4()), "1", "j1", ESCAPES.replace("\x1b", ""), "../../etc/passwd", "' OR 1=1 --"):
            with self.subTest(name):
                quoted = urllib.parse.quote(name, safe="")
                self.refused(404, "GET", f"deliveries/{quoted}", "")
                self.refused(404, "POST", f"deliveries/{quoted}/retry", "there is no delivery", body={})
                self.refused(404, "GET", f"jobs/{quoted}", "there is no job")
                self.refused(404, "POST", f"sinks/{quoted}/release", "the sinks are slack")

    def test_an_id_of_another_type(self):
        letter = self.dead_letter()
        self.refused(404, "POST", f"deliveries/{letter['notification']}/discard", "there is no delivery", body={"reason": "a test"})
        self.refused(404, "GET", f"jobs/{letter['id']}", "there is no job")

    def test_filters(self):
        for query, why in (
            ({"state": "lost"}, "the states are"),
            ({"state": "DEAD"}, "the states are"),
            ({"sink": "teams"}, "the sinks are slack"),
            ({"to": "ada"}, "e-mail address"),
            ({"since": "yesterday"}, "2d, 36h or 90m"),
            ({"limit": "10000"}, "from 1 to 1000"),
            ({"cursor": "d0-17"}, "comes from another version"),
            ({"cursor": "a1-17"}, "list again from the start"),
            ({"cursor": "17"}, "list again from the start"),
            ({"status": "dead"}, "the parameters are"),
            ({"state": "\x1b[31m"}, "control character"),
        ):
            with self.subTest(query):
                self.refused(400, "GET", "deliveries", why, query=query)

    def test_ten_thousand_ids_in_one_call(self):
        ids = [str(uuid.uuid4()) for _ in range(10_000)]
        self.refused(413, "POST", "deliveries/retry", "select the deliveries with a filter", body={"ids": ids})
        self.refused(413, "POST", "deliveries/discard", "at most 1000", body={"ids": ids[:1001], "reason": "x"})

    def test_bodies(self):
        self.refused(415, "POST", "deliveries/retry", "application/json", raw=b'{"filter": {"state": "dead"}}', headers={"Content-Type": "text/plain"})
        self.refused(415, "POST", "send", "application/json", raw=b"to=ada@coder.com", headers={"Content-Type": "application/x-www-form-urlencoded"})
        self.refused(400, "POST", "send", "not valid JSON", raw=b"{", headers={"Content-Type": "application/json"})
        self.refused(400, "POST", "send", "send an object", body=["ada@coder.com"])
        for levels in (1_000, 100_000):
            nested = b'{"filter":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"
            self.refused(400, "POST", "deliveries/retry", "not valid JSON", raw=nested, headers={"Content-Type": "application/json"})
        self.refused(400, "POST", "send", "control character", body={"to": "ada@coder.com\nBcc: eve@coder.com"})
        self.refused(422, "POST", "send", "the sinks are slack", body={"to": "ada@coder.com", "sink": "teams"})
        self.refused(400, "POST", "deliveries/discard", "needs a reason", body={"ids": ["x"]})
        self.refused(400, "POST", "deliveries/retry", "write dead", body={"filter": {"state": "delivered"}})
        self.refused(400, "PUT", "log-level", "debug, info, warn or error", body={"level": "trace"})
        self.refused(400, "GET", "why", "neither to nor id")

    def test_other_sites_and_other_names(self):
        for name in ("evil.example", "127.0.0.1.evil.example", f"evil.example:{self.gateway.admin_port}"):
            self.refused(421, "POST", "reload", "admin.hosts", headers={"Host": name})
            self.refused(421, "GET", "status", "admin.hosts", headers={"Host": name}, api=self.unix)
        for origin in ("https://evil.example", "null", f"http://127.0.0.1:{self.gateway.port}"):
            self.refused(403, "POST", "reload", "a page of", headers={"Origin": origin})
        for host in ("localhost", "belfry.example.com", "BELFRY.example.com:9664", f"127.0.0.1:{self.gateway.admin_port}"):
            self.assertEqual(self.api.call("GET", "status", headers={"Host": host}).status, 200, host)

    def test_tokens(self):
        for token in (None, "", "wrong", TOKENS["alice"][:-1], TOKENS["alice"].upper()):
            self.refused(401, "POST", "reload", "bearer token", api=AdminApi(self.gateway.admin_port, token))
        for name in ("token", "access_token"):
            self.refused(400, "GET", "status", "a token in the URL", query={name: TOKENS["alice"]})
            self.refused(400, "POST", "reload", "a token in the URL", query={name: TOKENS["alice"]}, api=AdminApi(self.gateway.admin_port))
        self.assertNotIn(TOKENS["alice"], self.gateway.log())

    def test_methods_and_paths(self):
        for method, path, status in (
            ("DELETE", "deliveries/retry", 405),
            ("DELETE", "deliveries/x", 405),
            ("POST", "deliveries", 405),
            ("GET", "deliveries/", 404),
            ("GET", "deliveries//retry", 404),
            ("GET", "deliveries/%zz", 400),
            ("GET", "deliveries/%00", 400),
            ("GET", f"deliveries/{'x' * 257}", 400),
        ):
            with self.subTest(path):
                answer = self.api.call(method, path)
                self.assertEqual((answer.status, answer.type), (status, "text/plain"), answer.body)

    def test_a_mistyped_id_is_not_reported_to_other_operators(self):
        self.refused(404, "GET", "deliveries/mistyped", "")
        self.refused(401, "GET", "status", "", api=AdminApi(self.gateway.admin_port, "wrong"))
        refused = self.api.get("status")["refused"]
        self.assertIn(401, [one["status"] for one in refused if one["listener"] == "admin"])
        self.assertNotIn("mistyped", json.dumps(refused))


if __name__ == "__main__":
    unittest.main()
