#!/usr/bin/python3
"""Tests coder_events_rule.py: a label or a name that differs from a payload is reported."""
import unittest
from pathlib import Path

import coder_events_rule

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / coder_events_rule.PAGE).read_text()
DELETED = "f517da0b-cdc9-410f-ab89-a86107c420ed"


class CoderEventsRule(unittest.TestCase):
    def problems(self, page, name="Workspace Deleted", template=DELETED, labels=("name", "reason", "initiator")):
        payload = {"notification_name": name, "notification_template_id": template, "labels": {label: "x" for label in labels}}
        return list(coder_events_rule.problems_of(payload, coder_events_rule.events_of(page)))

    def test_what_agrees(self):
        self.assertEqual(self.problems(PAGE), [])
        self.assertEqual(self.problems(PAGE, template=coder_events_rule.NO_ID), [])
        self.assertEqual(self.problems(PAGE, template=None), [])
        self.assertEqual(self.problems(PAGE, labels=()), [])
        self.assertEqual(self.problems(PAGE, name="Something New", template=None, labels=("novel",)), [])

    def test_a_label_with_another_name(self):
        line = next(line for line in PAGE.splitlines() if line.startswith("| Workspace Deleted "))
        wrong = PAGE.replace(line, line.replace("`name`", "`workspace`"))
        for template in (DELETED, coder_events_rule.NO_ID):
            self.assertEqual(len(self.problems(wrong, template=template)), 1)
        self.assertIn("Workspace Deleted has the label name, and the page has initiator, reason, workspace", self.problems(wrong)[0])

    def test_an_event_with_another_name(self):
        self.assertIn("and the page has Workspace Deleted", self.problems(PAGE, name="Workspace Removed")[0])


if __name__ == "__main__":
    unittest.main()
