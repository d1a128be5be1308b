"""The operator's page in a browser, and what it refuses."""
import http.client
import re
import unittest
import urllib.parse
import uuid

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import chromium, keep_screenshot, see
from harness import AcceptanceCase
from payloads import fixtures, notification
from slack_sandbox.tests.npm import npm_packages

TOKEN = "the-token-of-ada-0123456789"
AXE = "axe-core@4.10.3"
HOSTILE = "<img src=x onerror=alert(1)>\"'><script>document.title='owned'</script>"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class OperatorPageCase(AcceptanceCase):
    settings = {"admin": {"tokens": {"ada": TOKEN}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.secrets.append(TOKEN)
        cls.url = f"http://127.0.0.1:{cls.gateway.admin_port}"

    def dead_letter(self, **members):
        """The recipient of a new dead letter, which a retry delivers."""
        email = f"{uuid.uuid4()}@coder.com"
        before = self.gateway.metric("belfry_dead_letters")
        self.sandbox.fault("error", error="restricted_action", email=email)
        self.assertEqual(self.gateway.post_webhook(notification(email, **members))[0], 204)
        self.gateway.until(lambda: self.gateway.metric("belfry_dead_letters") == before + 1, "a dead letter")
        return email

    def browser(self, **options):
        """Logged in."""
        driver = self.enterContext(chromium(**options))
        driver.get(self.url)
        see(driver, "h1", "Log in")
        driver.find_element(By.ID, "token").send_keys(TOKEN, Keys.ENTER)
        see(driver, "h1", "Overview")
        return driver

    # ---- without a browser ----

    def request(self, method, path, body=None, headers=None):
        """(status, headers, text)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.admin_port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def csrf(self, path, headers=None):
        return re.search(r'name="csrf" value="([0-9a-f]{64})"', self.request("GET", path, headers=headers)[2])[1]

    def log_in(self):
        """The headers of a session."""
        body = urllib.parse.urlencode({"csrf": self.csrf("/login"), "token": TOKEN})
        status, headers, _ = self.request("POST", "/login", body, FORM)
        self.assertEqual((status, headers["Location"]), (303, "/"))
        self.assertRegex(headers["Set-Cookie"], r"^belfry_session=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict$")
        return {"Cookie": headers["Set-Cookie"].split(";")[0]}


class ViewsTest(OperatorPageCase):
    def views(self, email):
        """The address of every page, with something on it."""
        session = self.log_in()
        delivery = re.search(r'href="(/delivery\?id=[0-9a-f-]+)"', self.request("GET", f"/dead-letters?to={email}", headers=session)[2])[1]
        return {
            "overview": ("/", "Overview"),
            "deliveries": ("/deliveries?since=1h", "Deliveries"),
            "dead-letters": (f"/dead-letters?to={email}", "Dead letters"),
            "delivery": (delivery, "Delivery"),
            "why": (f"/why?to={email}&since=1d", "Why did somebody not get a message?"),
            "bulk": (f"/deliveries/bulk?action=discard&to={email}", "Discard all"),
            "preview": ("/preview", "Preview"),
            "audit": ("/audit", "Audit log"),
        }

    def check_page(self, driver, axe, name):
        driver.execute_script(axe)
        found = driver.execute_async_script("const done = arguments[0]; axe.run().then((result) => done(result.violations))")
        self.assertEqual([(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found], [], name)
        hosts = driver.execute_script("return performance.getEntries().map((e) => e.name).filter((n) => n.includes('://'))")
        self.assertTrue(hosts, name)
        self.assertEqual([one for one in hosts if not one.startswith(self.url + "/")], [], name)
        self.assertEqual([entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"], [], name)
        keep_screenshot(driver, f"operator-{name}")

    def test_every_view_is_accessible_and_loads_nothing_from_elsewhere(self):
        axe = (npm_packages(AXE) / "axe-core" / "axe.min.js").read_text()
        email = self.dead_letter(**{"payload.notification_name": HOSTILE}, title=HOSTILE, body=HOSTILE)
        views = self.views(email)
        for dark in (False, True):
            with chromium(dark=dark, height=1000) as driver:
                driver.get(self.url)
                see(driver, "h1", "Log in")
                self.check_page(driver, axe, f"login{'-dark' * dark}")
                driver.find_element(By.ID, "token").send_keys(TOKEN, Keys.ENTER)
                see(driver, "h1", "Overview")
                for name, (path, title) in views.items():
                    driver.get(self.url + path)
                    see(driver, "h1", title)
                    self.check_page(driver, axe, name + "-dark" * dark)
                    self.assertNotIn("owned", driver.title)
                self.preview(driver, fixtures()[0][1])
                self.check_page(driver, axe, f"preview-shown{'-dark' * dark}")

    def preview(self, driver, payload):
        driver.get(f"{self.url}/preview")
        area = driver.find_element(By.ID, "payload")
        driver.execute_script("arguments[0].value = JSON.stringify(arguments[1], null, 2)", area, payload)
        driver.find_element(By.CSS_SELECTOR, "form.preview button").click()
        see(driver, "h2", "Messages")

    def test_a_preview_shows_rules_and_messages_and_sends_nothing(self):
        driver = self.browser()
        title = "Workspace <b>dev</b> deleted"
        self.preview(driver, notification(title=title, body_markdown="Gone: **see** [the docs](https://coder.com/docs)."))
        see(driver, "tbody th", "everyone")
        see(driver, ".chip.good", "matched")
        see(driver, ".message .heading", title)
        self.assertEqual(see(driver, ".message b", "see").text, "see")
        see(driver, ".message .link", "the docs (https://coder.com/docs)")
        see(driver, ".message .sample", "View workspaces")
        driver.find_element(By.CSS_SELECTOR, "summary").click()
        self.assertNotIn(self.sandbox.token, see(driver, "details pre", "chat.postMessage").text)
        self.assertEqual(self.sandbox.messages(), [])
        self.assertEqual(self.gateway.metric("belfry_queue_depth"), 0)
        area = driver.find_element(By.ID, "payload")
        self.assertIn("<b>dev</b>", area.get_attribute("value"))
        area.clear()
        area.send_keys("{")
        driver.find_element(By.CSS_SELECTOR, "form.preview button").click()
        see(driver, ".error", "JSON")

    def test_an_explanation_for_a_person(self):
        email = self.dead_letter()
        driver = self.browser()
        driver.find_element(By.LINK_TEXT, "Why").click()
        see(driver, "h1", "Why")
        driver.find_element(By.ID, "to").send_keys(email, Keys.ENTER)
        self.assertIn("restricted_action", see(driver, "article .explanation", "Received").text)
        driver.find_element(By.ID, "to").clear()
        driver.find_element(By.ID, "to").send_keys("nobody@example.com", Keys.ENTER)
        see(driver, "main > .explanation", "nobody@example.com")

    def test_it_works_without_javascript(self):
        email = self.dead_letter()
        driver = self.enterContext(chromium())
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        driver.get(self.url)
        driver.find_element(By.ID, "token").send_keys(TOKEN, Keys.ENTER)
        see(driver, ".needs", "slack")
        driver.get(f"{self.url}/dead-letters?to={email}")
        driver.find_element(By.NAME, "id").click()
        driver.find_element(By.CSS_SELECTOR, "button[value=retry]").click()
        see(driver, "h1", "Returned to the queue")
        self.sandbox.wait_for(lambda rows: any(row["email"] == email for row in rows))


class KeyboardTest(OperatorPageCase):
    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, **wanted):
        """Presses Tab until the focused element has these attributes; "text" is its text."""
        for _ in range(80):
            self.press(Keys.TAB)
            focused = self.driver.switch_to.active_element
            if all((focused.text if name == "text" else focused.get_attribute(name)) == value for name, value in wanted.items()):
                outline = focused.value_of_css_property("outline-style")
                self.assertNotEqual(outline, "none", f"the focus on {wanted} is not visible")
                return
        self.fail(f"Tab does not reach {wanted}")

    def open_dead_letters(self, email):
        self.driver.find_element(By.TAG_NAME, "body")
        self.tab_to(text="Dead letters")
        self.press(Keys.ENTER)
        see(self.driver, "h1", "Dead letters")
        self.tab_to(id="to")
        self.press(email, Keys.ENTER)
        see(self.driver, "tbody td", email)

    def test_retry_and_discard(self):
        retried, discarded = self.dead_letter(), self.dead_letter()
        self.driver = self.browser()
        self.open_dead_letters(retried)
        self.tab_to(name="id")
        self.press(Keys.SPACE)
        self.tab_to(name="action", value="retry")
        self.press(Keys.ENTER)
        see(self.driver, "[role=status]", "Returned to the queue: 1 delivery")
        self.sandbox.wait_for(lambda rows: any(row["email"] == retried for row in rows))

        self.open_dead_letters(discarded)
        self.tab_to(name="id")
        self.press(Keys.SPACE)
        self.tab_to(name="action", value="discard")
        self.press(Keys.ENTER)
        see(self.driver, ".error", "a discard needs a reason")
        self.open_dead_letters(discarded)
        self.tab_to(name="id")
        self.press(Keys.SPACE)
        self.tab_to(id="reason")
        self.press("test data")
        self.tab_to(name="action", value="discard")
        self.press(Keys.ENTER)
        see(self.driver, "[role=status]", "Discarded: 1 delivery")
        self.tab_to(text="Audit")
        self.press(Keys.ENTER)
        see(self.driver, "h1", "Audit log")
        newest, before = self.driver.find_elements(By.CSS_SELECTOR, "tbody tr")[:2]
        self.assertEqual([word in newest.text for word in ("discard", "token ada", "test data")], [True] * 3, newest.text)
        self.assertEqual([word in before.text for word in ("retry", "token ada")], [True] * 2, before.text)

    def test_the_first_tab_skips_to_the_content(self):
        self.driver = self.browser()
        self.driver.get(f"{self.url}/deliveries")
        see(self.driver, "h1", "Deliveries")
        self.press(Keys.TAB)
        self.assertEqual(self.driver.switch_to.active_element.text, "Skip to the content")
        self.press(Keys.ENTER)
        self.assertEqual(self.driver.switch_to.active_element.get_attribute("id"), "main")

    def test_all_that_match(self):
        name = f"Bulk {uuid.uuid4()}"
        emails = [self.dead_letter(**{"payload.notification_name": name}) for _ in range(3)]
        other = self.dead_letter()
        self.driver = self.browser()
        self.driver.get(f"{self.url}/dead-letters?{urllib.parse.urlencode({'event': name})}")
        self.tab_to(text="Retry all...")
        self.press(Keys.ENTER)
        see(self.driver, "main p", f"Retry 3 dead letters that match: event {name}?")
        self.tab_to(text="Retry 3 dead letters")
        self.press(Keys.ENTER)
        see(self.driver, "[role=status] .chip", "done")
        see(self.driver, "[role=status]", "Returned to the queue: 3 deliveries.")
        self.sandbox.wait_for(lambda rows: {row["email"] for row in rows} >= set(emails))
        self.assertNotIn(other, {row["email"] for row in self.sandbox.messages()})


class LoginTest(OperatorPageCase):
    def test_login_wrong_token_and_logout(self):
        driver = self.enterContext(chromium())
        driver.get(f"{self.url}/deliveries?sink=slack")
        see(driver, "h1", "Log in")
        driver.find_element(By.ID, "token").send_keys("a wrong token", Keys.ENTER)
        see(driver, ".error", "The token is wrong")
        driver.find_element(By.ID, "token").send_keys(TOKEN, Keys.ENTER)
        see(driver, "h1", "Deliveries")
        self.assertEqual(driver.current_url, f"{self.url}/deliveries?sink=slack")
        see(driver, ".who", "token ada")
        self.assertNotIn("belfry_session", driver.execute_script("return document.cookie"))
        (cookie,) = driver.get_cookies()
        self.assertEqual((cookie["httpOnly"], cookie["sameSite"]), (True, "Strict"))
        driver.find_element(By.CSS_SELECTOR, ".who button").click()
        see(driver, "h1", "Log in")
        driver.get(self.url)
        see(driver, "h1", "Log in")
        self.assertEqual(self.request("GET", "/audit", headers={"Cookie": f"belfry_session={cookie['value']}"})[0], 303)


class RefusalTest(OperatorPageCase):
    def test_the_policy_of_every_answer(self):
        session = self.log_in()
        for path in ("/", "/deliveries", "/dead-letters", "/why", "/preview", "/audit", "/delivery?id=none", "/job?id=none", "/login", "/operator.css"):
            _, headers, _ = self.request("GET", path, headers=session)
            policy = headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy, path)
            self.assertNotIn("unsafe", policy, path)
            self.assertEqual((headers["X-Content-Type-Options"], headers["X-Frame-Options"]), ("nosniff", "DENY"), path)

    def test_a_form_without_its_csrf_token_changes_nothing(self):
        email = self.dead_letter()
        session = self.log_in()
        page = self.request("GET", f"/dead-letters?to={email}", headers=session)[2]
        delivery = re.search(r'name="id" value="([0-9a-f-]+)"', page)[1]
        change = {"action": "discard", "id": delivery, "reason": "forged"}
        for csrf in ({}, {"csrf": "0" * 64}, {"csrf": self.csrf("/login")}):
            status, _, text = self.request("POST", "/deliveries/change", urllib.parse.urlencode(change | csrf), session | FORM)
            self.assertEqual(status, 403, csrf)
            self.assertIn("nothing was changed", text)
        self.assertEqual(self.request("POST", "/deliveries/change", urllib.parse.urlencode(change), FORM)[0], 403)
        correct = urllib.parse.urlencode(change | {"csrf": self.csrf("/audit", session)})
        self.assertEqual(self.request("POST", "/deliveries/change", correct, session | {"Content-Type": "text/plain"})[0], 415)
        self.assertNotIn("forged", self.request("GET", "/audit", headers=session)[2])
        self.assertIn(delivery, self.request("GET", f"/dead-letters?to={email}", headers=session)[2])
        self.assertEqual(self.request("POST", "/deliveries/change", correct, session | FORM)[0], 200)
        self.assertIn("forged", self.request("GET", "/audit", headers=session)[2])

    def test_another_host_origin_or_a_token_in_the_address(self):
        session = self.log_in()
        port = self.gateway.admin_port
        self.assertEqual(self.request("GET", "/", headers=session | {"Host": f"evil.example:{port}"})[0], 421)
        self.assertEqual(self.request("GET", "/", headers=session | {"Origin": "https://evil.example"})[0], 403)
        self.assertEqual(self.request("GET", "/", headers=session | {"Origin": self.url})[0], 200)
        for name in ("token", "access_token"):
            self.assertEqual(self.request("GET", f"/?{name}={TOKEN}", headers=session)[0], 400, name)
        self.assertEqual(self.request("GET", "/", headers={"Host": f"localhost:{port}"} | session)[0], 200)

    def test_untrusted_text_is_text(self):
        email = self.dead_letter(title=HOSTILE, body="\u202ereversed \x1b[31m", **{"payload.notification_name": HOSTILE})
        session = self.log_in()
        delivery = re.search(r"/delivery\?id=[0-9a-f-]+", self.request("GET", f"/dead-letters?to={email}", headers=session)[2])[0]
        for path in (f"/dead-letters?to={email}", delivery, f"/why?to={email}"):
            text = self.request("GET", path, headers=session)[2]
            self.assertNotIn("<img", text, path)
            self.assertNotIn("<script", text, path)
            self.assertNotIn("\u202e", text, path)
            self.assertNotIn("\x1b", text, path)
            self.assertIn("&lt;img src=x onerror=alert(1)&gt;", text, path)

    def test_bad_input_has_a_clear_answer(self):
        session = self.log_in()
        for path, status, words in (
            ("/deliveries?state=gone", 400, "the states are"),
            ("/deliveries?sink=none", 400, "the sinks are slack"),
            ("/deliveries?cursor=d9-1", 400, "another version"),
            ("/deliveries?limit=3", 400, "unknown parameter"),
            ("/why?to=ada", 400, "e-mail address"),
            ("/delivery?id=none", 404, "none"),
            ("/job?id=none", 404, "no such job"),
            ("/deliveries/bulk?action=explode", 400, "retry or discard"),
        ):
            got, _, text = self.request("GET", path, headers=session)
            self.assertEqual(got, status, path)
            self.assertIn(words, text, path)


if __name__ == "__main__":
    unittest.main()
