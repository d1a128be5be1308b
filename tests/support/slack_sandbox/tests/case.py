"""Base class of the Web API tests: one sandbox per class, reset before each test."""
import unittest

from slack_sandbox.process import Sandbox

FORM = "application/x-www-form-urlencoded"


class SandboxCase(unittest.TestCase):
    options = ("--no-rate-limits",)

    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox(*cls.options))

    def setUp(self):
        self.sandbox.reset()
        self.sandbox.rows.clear()

    def user(self, email="bobby@coder.com"):
        return self.sandbox.lookup(email)["user"]["id"]

    def call(self, method, **arguments):
        return self.sandbox.api(method, **arguments)[2]

    def error(self, method, **arguments):
        answer = self.call(method, **arguments)
        self.assertFalse(answer["ok"], answer)
        return answer["error"]
