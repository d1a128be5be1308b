"""End to end in a browser: a webhook, the message on the page, a click on its button, the acknowledgement."""
import unittest

from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from browser import chromium, keep_screenshot, see
from harness import AcceptanceCase
from payloads import fixtures, notification


class BrowserTest(AcceptanceCase):
    def test_webhook_to_acknowledgement(self):
        self.sandbox.post("interactivity", url=f"http://127.0.0.1:{self.gateway.port}/slack/events")
        driver = self.enterContext(chromium())
        driver.get(self.sandbox.url)
        title = "Workspace \"dev\" & <b>friends</b> deleted"
        self.gateway.post_webhook(
            notification(
                "bobby@coder.com",
                title=title,
                title_markdown=title,
                body="Gone: see https://coder.com/docs.",
                body_markdown="Gone: **see** [the docs](https://coder.com/docs).",
                **{"payload.actions": [{"label": "View workspaces", "url": f"{self.sandbox.url}/?workspaces"}]},
            )
        )
        see(driver, "#people button", "Bobby").click()
        see(driver, ".message h3", title)
        self.assertEqual(see(driver, ".message a", "the docs").get_attribute("href"), "https://coder.com/docs")
        self.assertEqual(see(driver, ".message b", "see").text, "see")
        page = driver.current_window_handle
        see(driver, ".message .button", "View workspaces").click()
        driver.switch_to.window(page)
        see(driver, ".ack.good", "acknowledged in")
        keep_screenshot(driver, "belfry-acknowledged")
        (message,) = self.sandbox.messages()
        self.assertEqual([(click["acknowledged"], click["status"]) for click in message["clicks"]], [(True, 200)])

    def test_every_recorded_payload_on_one_page(self):
        payloads = fixtures()
        for _, payload in payloads:
            payload["payload"]["user_email"] = "everything@coder.com"
            self.assertEqual(self.gateway.post_webhook(payload)[0], 204)
        self.sandbox.wait_for_count(len(payloads))
        driver = self.enterContext(chromium(height=1400))
        driver.get(self.sandbox.url)
        see(driver, "#people button", "Everything").click()
        WebDriverWait(driver, 15).until(lambda d: len(d.find_elements(By.CSS_SELECTOR, ".message")) == len(payloads))
        keep_screenshot(driver, "belfry-everything")
        self.assertEqual([entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"], [])


if __name__ == "__main__":
    unittest.main()
