"""Shows every golden file on the sandbox's page. With BELFRY_SCREENSHOTS=DIRECTORY, takes the screenshots for the documentation."""
import base64
import os
import pathlib
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop())
sys.path.insert(0, str(ROOT / "tests/support"))

from selenium.webdriver.common.by import By  # noqa: E402  (found through the path above)
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

from browser import chromium  # noqa: E402
from golden import posts  # noqa: E402
from slack_sandbox.process import Sandbox  # noqa: E402

SHOWN = (  # in docs/images/slack
    "coder/workspace_dormant",
    "coder/report",
    "message/severity_critical",
    "message/digest_severities",
    "message/shortened",
    "message/all_markdown",
    "markdown/table_wide",
    "markdown/quote_list_code",
    "markdown/rtl",
    "markdown/mentions",
)
HIGHEST = 330  # of the screenshot of a much higher message, which shows its end


class GoldenPage(unittest.TestCase):
    def test_every_file(self):
        sandbox = self.enterClassContext(Sandbox("--no-rate-limits"))
        driver = self.enterContext(chromium(width=1000, height=900))
        driver.get(sandbox.url)
        person = sandbox.lookup("bobby@coder.com")["user"]["id"]
        golden = list(posts(ROOT))
        for name, blocks, text in golden:
            answer = sandbox.api("chat.postMessage", channel=person, blocks=blocks, text=text or name)[2]
            self.assertTrue(answer["ok"], (name, answer))
        find = lambda: driver.find_elements(By.CSS_SELECTOR, ".message")  # noqa: E731
        WebDriverWait(driver, 20).until(lambda _: len(find()) == len(golden))
        shown = dict(zip((name for name, _, _ in golden), find(), strict=True))
        self.assertEqual([entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"], [])
        self.assertEqual(driver.find_elements(By.CSS_SELECTOR, ".mention, .more"), [], "someone is mentioned, or text is folded")
        footers = driver.find_elements(By.CSS_SELECTOR, ".context time")
        self.assertGreater(len(footers), 20)
        self.assertEqual({one.text for one in footers if "{" in one.text or not one.text}, set(), "a date is not shown")
        self.keep_pictures(driver, shown)

    def keep_pictures(self, driver, shown):
        directory = os.environ.get("BELFRY_SCREENSHOTS")
        if not directory:
            return
        # Show the message alone, without the text for screen readers.
        driver.execute_script("for (const one of document.querySelectorAll('.message details')) one.remove()")
        driver.execute_script("for (const one of document.querySelectorAll('.fresh')) one.classList.remove('fresh')")
        driver.set_window_size(1000, 60_000)
        for name in SHOWN:
            path = pathlib.Path(directory, name.split("/")[1] + ".png")
            path.parent.mkdir(parents=True, exist_ok=True)
            box = shown[name].rect
            height = box["height"] if box["height"] < 3 * HIGHEST else HIGHEST
            clip = {"x": box["x"], "y": box["y"] + box["height"] - height, "width": box["width"], "height": height, "scale": 1}
            picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
            path.write_bytes(base64.b64decode(picture["data"]))


if __name__ == "__main__":
    unittest.main()
