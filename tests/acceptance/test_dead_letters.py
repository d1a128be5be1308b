"""1,000 dead letters of mixed causes: listed, filtered, half of them retried and delivered, half discarded with a reason, all of it explained
and in the audit log. Killed in the middle and repeated, nothing arrives twice."""
import collections
import re
import unittest
from concurrent.futures import ThreadPoolExecutor

from admin_api import AdminApi
from harness import Gateway, Sandbox
from payloads import notification

COUNT = 1000
PEOPLE = 40  # few, because the sink keeps to Slack's limits for looking up users and opening conversations
# Reasons of dead letters -> what Slack responds.
CAUSES = {
    "restricted_action": {"method": "chat.postMessage", "error": "restricted_action"},
    "is_archived": {"method": "chat.postMessage", "error": "is_archived"},
    "team_not_found": {"method": "chat.postMessage", "error": "team_not_found"},
    "left": None,  # nobody has the address
}


def email(number):
    """The recipient of a notification. The cause alternates, and so does the half."""
    person = number % PEOPLE
    return f"dead{person}@{list(CAUSES)[person % len(CAUSES)].replace('_', '-')}.example"


class DeadLettersTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.gateway = Gateway(self.sandbox)
        socket = self.gateway.directory / "admin.sock"
        self.gateway.configure(admin={"listen": [f"127.0.0.1:{self.gateway.admin_port}", f"unix:{socket}"]})
        self.enterContext(self.gateway)
        self.api = AdminApi(socket)

    def make_dead_letters(self):
        """Afterwards, Slack accepts the messages of the half that is retried."""
        for person in range(PEOPLE):
            fault = list(CAUSES.values())[person % len(CAUSES)]
            if fault:
                self.sandbox.fault("error", email=email(person), count=None, **fault)
            else:
                self.sandbox.post("users", email=email(person), deleted=True)

        def post(number):
            name = "Workspace Deleted" if number % 2 else "Workspace Dormant"
            return self.gateway.post_webhook(
                notification(email(number), msg_id=f"dead-{number}", title=f"Notice {number}.", **{"payload.notification_name": name})
            )[0]

        with ThreadPoolExecutor(8) as pool:
            self.assertEqual(collections.Counter(pool.map(post, range(COUNT))), {204: COUNT})
        self.gateway.until(lambda: self.gateway.metric("belfry_dead_letters") == COUNT, f"{COUNT} dead letters", 120)
        self.sandbox.clear_faults()

    def dead(self, **query):
        return self.api.pages("deliveries", "deliveries", state="dead", **query)

    def bulk(self, action, reason, **more):
        answer = self.api.call("POST", f"deliveries/{action}", body={"filter": {"state": "dead"} | more, "reason": reason})
        self.assertEqual(answer.status, 202, answer.body)
        return answer.document

    def explanations(self):
        """The texts of `why`, by the number of the notification; every one is explained once."""
        texts = {}
        for person in range(PEOPLE):
            answer = self.api.get("why", to=email(person))
            self.assertFalse(answer["more"])
            for one in answer["explanations"]:
                number = int(one["msg_id"].removeprefix("dead-"))
                self.assertNotIn(number, texts)
                texts[number] = one["text"]
        self.assertEqual(set(texts), set(range(COUNT)))
        return texts

    def assert_explained(self, retried, discarded):
        """`retried` and `discarded`: the reasons that operators gave."""
        by = self.api.get("audit")["actions"][0]["by"]
        for number, text in self.explanations().items():
            words = discarded if number % 2 else retried
            if by not in text or not any(reason in text for reason in words):
                self.fail(f"notification {number} is not explained by {by} and one of {words}: {text}")

    def arrived_once(self):
        """Waits until every message of the retried half has arrived; none may arrive twice, and no other may arrive."""
        self.sandbox.wait_for(lambda rows: len(rows) >= COUNT // 2, within=120)
        self.gateway.wait_idle(within=120)
        arrived = collections.Counter(int(re.search(r"Notice (\d+)", row["text"])[1]) for row in self.sandbox.messages())
        self.assertEqual(set(arrived), set(range(0, COUNT, 2)))
        self.assertEqual({number: count for number, count in arrived.items() if count != 1}, {}, "arrived twice")

    def test_half_are_retried_and_half_discarded(self):
        self.make_dead_letters()
        listed = self.dead(limit=150)
        self.assertEqual({d["msg_id"] for d in listed}, {f"dead-{number}" for number in range(COUNT)})
        self.assertEqual(len(listed), COUNT)
        self.assertGreater(listed[0]["created_at"], listed[-1]["created_at"], "newest first")
        causes = collections.Counter(d["reason"] for d in listed)
        self.assertEqual(list(causes.values()), [COUNT // len(CAUSES)] * len(CAUSES), causes)
        self.assertEqual(len(self.dead(sink="slack", limit=1000)), COUNT)
        status = self.gateway.command("status")
        self.assertRegex(status.stdout, rf"(?m)^slack has {COUNT} dead letters; to see why, run: belfry deliveries list --config \S+ --state dead --sink slack$")
        self.assertEqual(status.returncode, 1, status.stdout)
        dormant = {d["to"] for d in self.dead(event="Workspace Dormant", limit=1000)}
        self.assertEqual(dormant, {email(person) for person in range(0, PEOPLE, 2)})
        self.assertEqual([d["to"] for d in self.dead(to=email(7).upper())], [email(7)] * (COUNT // PEOPLE))
        self.assertEqual(self.dead(since="2100-01-01T00:00:00Z"), [])

        dry = self.api.call("POST", "deliveries/retry", body={"filter": {"state": "dead", "event": "Workspace Dormant"}, "dry_run": True})
        self.assertEqual(dry.document, {"count": COUNT // 2, "complete": True})
        job = self.api.wait_for_job(self.bulk("retry", "the workspace allows the app again", event="Workspace Dormant"))
        self.assertEqual((job["state"], job["changed"], job["unchanged"]), ("done", COUNT // 2, 0), job)
        self.arrived_once()
        job = self.api.wait_for_job(self.bulk("discard", "the workspaces are gone"))
        self.assertEqual((job["state"], job["changed"], job["unchanged"]), ("done", COUNT // 2, 0), job)

        self.assertEqual(self.gateway.metric("belfry_dead_letters"), 0)
        self.assertEqual(self.dead(), [])
        self.assertEqual(len(self.api.pages("deliveries", "deliveries", state="discarded", limit=1000)), COUNT // 2)
        by = self.api.get("audit")["actions"][0]["by"]
        changed = collections.Counter()
        for action in self.api.pages("audit", "actions", limit=3):
            self.assertEqual(action["by"], by)
            changed[action["action"], action["reason"]] += action["deliveries"]
        self.assertEqual(
            changed, {("retry", "the workspace allows the app again"): COUNT // 2, ("discard", "the workspaces are gone"): COUNT // 2}
        )
        self.assert_explained(["the workspace allows the app again"], ["the workspaces are gone"])
        status = self.gateway.command("status")
        self.assertEqual(status.returncode, 0, status.stdout)

    def test_killed_in_the_middle_and_repeated_nothing_arrives_twice(self):
        self.make_dead_letters()
        self.bulk("retry", "first try", event="Workspace Dormant")
        self.sandbox.wait_for_count(20, within=60)
        self.gateway.kill()
        self.assertLess(len(self.sandbox.messages()), COUNT // 2, "it was in the middle")
        self.gateway.start()
        job = self.api.wait_for_job(self.bulk("retry", "second try", event="Workspace Dormant"))
        self.assertEqual(job["state"], "done", job)
        self.arrived_once()
        self.bulk("discard", "first try")
        self.gateway.until(lambda: self.gateway.metric("belfry_dead_letters") < COUNT // 2, "a part is discarded")
        self.gateway.kill()
        self.gateway.start()
        job = self.api.wait_for_job(self.bulk("discard", "second try"))
        self.assertEqual(job["state"], "done", job)

        self.assertEqual(self.gateway.metric("belfry_dead_letters"), 0)
        self.assertEqual(len(self.api.pages("deliveries", "deliveries", state="discarded", limit=1000)), COUNT // 2)
        self.assertEqual(len(self.api.pages("deliveries", "deliveries", state="delivered", limit=1000)), COUNT // 2)
        counted = collections.Counter()
        for action in self.api.pages("audit", "actions", limit=1000):
            counted[action["action"]] += action["deliveries"]
            self.assertIn(action["reason"], ("first try", "second try"))
        self.assertEqual(counted, {"retry": COUNT // 2, "discard": COUNT // 2}, "each delivery was changed once")
        self.arrived_once()
        self.assert_explained(["first try", "second try"], ["first try", "second try"])


if __name__ == "__main__":
    unittest.main()
