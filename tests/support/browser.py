"""A headless Chromium for tests, with a temporary profile."""
import contextlib
import os
import tempfile

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.utils import is_connectable
from selenium.webdriver.support.wait import WebDriverWait

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Driver(Service):
    """Chromedriver, reached by address: on a fresh system without /etc/hosts, localhost does not resolve."""

    @property
    def service_url(self):
        return f"http://127.0.0.1:{self.port}"

    def is_connectable(self):
        return is_connectable(self.port, "127.0.0.1")


@contextlib.contextmanager
def chromium(width=1200, height=850, dark=False):
    with tempfile.TemporaryDirectory(prefix="belfry-browser-") as profile:
        options = webdriver.ChromeOptions()
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=Driver("/usr/bin/chromedriver", log_path=os.path.join(profile, "driver.log")))
        try:
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
            driver.set_script_timeout(20)
            yield driver
        finally:
            driver.quit()


def see(driver, selector, text):
    """The first element with the text, once it is there."""
    found = lambda d: [element for element in d.find_elements(By.CSS_SELECTOR, selector) if text in element.text]
    return WebDriverWait(driver, 15, ignored_exceptions=[StaleElementReferenceException]).until(found, f"{text!r} in {selector}")[0]


def keep_screenshot(driver, name):
    """Saves a screenshot to the directory in BELFRY_SCREENSHOTS, if set."""
    directory = os.environ.get("BELFRY_SCREENSHOTS")
    if directory:
        os.makedirs(directory, exist_ok=True)
        driver.save_screenshot(os.path.join(directory, f"{name}.png"))
