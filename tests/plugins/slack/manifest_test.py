"""The app manifest is valid by the rules of slackapi/manifest-schema and requests exactly the scopes that the sink uses."""
import pathlib
import re
import sys
import unittest

import yaml

TEMPLATE = pathlib.Path(sys.argv.pop()) / "plugins/slack/manifest.yaml.in"
URL = "https://gateway.example.com/slack/events"


class Manifest(unittest.TestCase):
    def setUp(self):
        text = TEMPLATE.read_text(encoding="utf-8")
        body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
        self.assertEqual(body.count("@REQUEST_URL@"), 1)
        self.manifest = yaml.safe_load(text.replace("@REQUEST_URL@", URL))

    def test_known_sections(self):
        self.assertEqual(set(self.manifest), {"_metadata", "display_information", "features", "oauth_config", "settings"})
        self.assertEqual(
            set(self.manifest["settings"]),
            {"interactivity", "org_deploy_enabled", "socket_mode_enabled", "token_rotation_enabled"},
        )

    def test_limits(self):
        display = self.manifest["display_information"]
        self.assertTrue(1 <= len(display["name"]) <= 35)
        self.assertLessEqual(len(display["description"]), 140)
        self.assertRegex(display["background_color"], r"^#([0-9A-Fa-f]{3}){1,2}$")
        self.assertTrue(1 <= len(self.manifest["features"]["bot_user"]["display_name"]) <= 80)

    def test_scopes(self):
        self.assertEqual(self.manifest["oauth_config"], {"scopes": {"bot": ["chat:write", "users:read", "users:read.email", "im:history", "im:write"]}})

    def test_direct_messages_are_open(self):
        self.assertIs(self.manifest["features"]["app_home"]["messages_tab_enabled"], True)

    def test_interactivity(self):
        interactivity = self.manifest["settings"]["interactivity"]
        self.assertEqual(interactivity, {"is_enabled": True, "request_url": URL})
        self.assertTrue(re.match(r"^https?://", interactivity["request_url"]))
        self.assertIs(self.manifest["settings"]["socket_mode_enabled"], False)


if __name__ == "__main__":
    unittest.main()
