"""The sandbox's page in a real browser: it shows messages, sends clicks, shows their result, and runs no script from a message."""
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from browser import chromium, keep_screenshot
from slack_sandbox.process import Sandbox
from slack_sandbox.signing import signature

HOSTILE = "<img src=x onerror=document.title='hacked'></script><script>document.title='hacked'</script>"


class Receiver:
    """Acknowledges signed interactions with `status`."""

    def __init__(self, secret):
        receiver = self
        self.status, self.bodies = 200, []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                expected = signature(secret, self.headers["X-Slack-Request-Timestamp"], body)
                receiver.bodies.append(body)
                self.send_response(receiver.status if self.headers["X-Slack-Signature"] == expected else 401)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self):
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/slack/events"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def notification(url):
    return [
        {"type": "header", "text": {"type": "plain_text", "text": "Workspace \"dev\" marked as dormant", "emoji": False}},
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "verbatim": True,
                "text": "Your workspace *dev* is _dormant_, see <https://coder.com/docs/templates/schedule|the schedule>.\n\n"
                "It will be deleted in `24 hours`:\n•   activate it\n•   or ~forget~ keep a copy &amp; go\n&gt; a quote\n```\n$ coder start <dev>\n```",
            },
        },
        {"type": "divider"},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "style": "primary",
                    "text": {"type": "plain_text", "text": "View workspace"},
                    "url": url,
                    "action_id": "belfry.link.0",
                },
                {"type": "button", "text": {"type": "plain_text", "text": "Later"}, "action_id": "later", "value": "1"},
            ],
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Coder · Workspace Events"}]},
    ]


class PageTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.receiver = self.enterContext(Receiver(self.sandbox.signing_secret))
        self.sandbox.post("interactivity", url=self.receiver.url)

    def open(self, **options):
        driver = self.enterContext(chromium(**options))
        driver.get(self.sandbox.url)
        return driver

    def see(self, driver, selector, text):
        found = lambda d: [e for e in d.find_elements(By.CSS_SELECTOR, selector) if text in e.text]
        return WebDriverWait(driver, 15, ignored_exceptions=[StaleElementReferenceException]).until(found, f"{text!r} in {selector}")[0]

    def test_a_message_appears_and_its_buttons_are_acknowledged(self):
        driver = self.open()
        self.see(driver, "#empty", "it appears here")
        self.sandbox.send("bobby.tables@coder.com", "Workspace dormant", blocks=notification(self.receiver.url))
        self.see(driver, "h3", "Workspace \"dev\" marked as dormant")
        self.assertEqual(driver.find_element(By.CSS_SELECTOR, ".block b").text, "dev")
        self.assertEqual(
            driver.find_element(By.CSS_SELECTOR, ".section a").get_attribute("href"), "https://coder.com/docs/templates/schedule"
        )
        self.assertIn("keep a copy & go", driver.find_element(By.CSS_SELECTOR, ".section").text)
        self.assertEqual(driver.find_element(By.CSS_SELECTOR, ".section blockquote").text, "a quote")
        self.assertEqual(driver.find_element(By.CSS_SELECTOR, ".section pre").text, "$ coder start <dev>")

        driver.find_element(By.XPATH, "//button[text()='Later']").click()
        self.see(driver, ".ack.good", "acknowledged in")
        link = driver.find_element(By.XPATH, "//a[text()='View workspace']")
        self.assertEqual(link.get_attribute("href"), self.receiver.url)
        link.click()
        WebDriverWait(driver, 15).until(lambda _: len(self.receiver.bodies) == 2)
        self.assertIn("block_actions", parse_qs(self.receiver.bodies[1].decode())["payload"][0])
        self.see(driver, ".ack.good", "acknowledged in")
        keep_screenshot(driver, "sandbox-acknowledged")

        self.receiver.status = 404
        driver.find_element(By.XPATH, "//button[text()='Later']").click()
        self.see(driver, ".ack.bad", "answered 404")
        keep_screenshot(driver, "sandbox-warning")

    def test_text_is_treated_as_its_object_asks(self):
        long, url = "word " * 300, "https://coder.com/docs"

        def section(text, *, expand=False, **more):
            return {"type": "section", "text": {"type": "mrkdwn", "text": text} | more, "expand": expand}

        blocks = [
            section(long),
            section(long, expand=True),
            section(f"linked {url}"),
            section(f"verbatim {url}", verbatim=True),
            section("on <!date^0^{date_num} at {time_secs} {unknown}|a day>"),
        ]
        driver = self.open()
        self.sandbox.send("bobby@coder.com", "how texts are shown", blocks=blocks)
        self.see(driver, ".section", "verbatim")
        folded, expanded, linked, verbatim, dated = driver.find_elements(By.CSS_SELECTOR, ".section")
        self.assertEqual([len(one.find_elements(By.CSS_SELECTOR, ".more")) for one in (folded, expanded, linked)], [1, 0, 0])
        self.assertLess(folded.size["height"], expanded.size["height"])
        folded.find_element(By.CSS_SELECTOR, ".more").click()
        self.assertEqual(folded.size["height"], expanded.size["height"])
        self.assertEqual([len(one.find_elements(By.TAG_NAME, "a")) for one in (linked, verbatim)], [1, 0])
        self.assertRegex(dated.text, r"on (1970-01-01|1969-12-31) at \d.*\{unknown\}$")

    def test_people_are_listed_and_the_open_conversation_stays(self):
        driver = self.open(dark=True)
        for index in range(12):
            self.sandbox.send("first@coder.com", f"message {index}", blocks=notification(self.receiver.url)[:3])
        self.see(driver, "#people button", "First")
        for person in ("ann.lee", "søren", "zoë.ng"):
            self.sandbox.send(f"{person}@coder.com", "hello")
        self.see(driver, "#people .unread", "Ann Lee")
        self.assertEqual(driver.find_element(By.ID, "title").text, "First")
        self.assertEqual(len(driver.find_elements(By.CSS_SELECTOR, ".message")), 12)
        keep_screenshot(driver, "sandbox-dark")
        self.see(driver, "#people button", "Ann Lee").click()
        self.sandbox.send("later@coder.com", "hello")
        self.see(driver, "#people .unread", "Later")
        self.assertEqual(driver.switch_to.active_element.get_attribute("title"), "ann.lee@coder.com")
        self.see(driver, ".message", "hello")
        self.assertEqual(driver.find_element(By.ID, "subtitle").text, "ann.lee@coder.com")
        self.sandbox.reset()
        self.see(driver, "#empty", "it appears here")

    def test_foreign_text_stays_text(self):
        hostile_blocks = [
            {"type": "header", "text": {"type": "plain_text", "text": HOSTILE}},
            {"type": "section", "text": {"type": "mrkdwn", "text": HOSTILE.replace("<", "&lt;")}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "<javascript:document.title='hacked'|click> <!channel> <@U123>"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": HOSTILE}},
        ]
        self.sandbox.post("users", email="evil@coder.com", name=HOSTILE)
        self.sandbox.send("evil@coder.com", HOSTILE, blocks=hostile_blocks)
        self.sandbox.send("evil@coder.com", "x" * 3000)
        driver = self.open(width=420, height=800)
        self.see(driver, "h3", HOSTILE)
        self.see(driver, ".mention", "@channel")
        self.assertEqual(driver.find_elements(By.CSS_SELECTOR, "main img, main script, main a[href^=javascript]"), [])
        for element in driver.find_elements(By.CSS_SELECTOR, ".block a"):
            element.click()
        self.assertEqual(driver.title, "Slack sandbox")
        width, window = driver.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        self.assertLessEqual(width, window)
        keep_screenshot(driver, "sandbox-narrow")
        self.assertEqual([entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"], [])


if __name__ == "__main__":
    unittest.main()
