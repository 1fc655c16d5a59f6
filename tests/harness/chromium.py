"""A headless Chromium, driven through chromedriver by the W3C WebDriver protocol. The browser resolves no name and so
reaches this machine only."""

import json
import subprocess
import urllib.error
import urllib.request

from .private import HarnessError, free_ports, make_directory, process_end, remove_directory, wait_until

TAB, ENTER, SPACE = "\ue004", "\ue007", " "
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that the protocol gives to a reference


class Chromium:
    def __init__(self, javascript=True):
        self.directory = make_directory()
        self.driver = f"http://127.0.0.1:{free_ports()[0]}"
        self.process = subprocess.Popen(
            ["chromedriver", f"--port={self.driver.rpartition(':')[2]}"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={"PATH": "/usr/bin:/bin", "HOME": self.directory, "TMPDIR": self.directory, "LANG": "C.UTF-8"})
        self.session = None
        try:
            wait_until(self._is_ready, 30, "chromedriver")
            self.session = "/session/" + self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {
                    "binary": "/usr/bin/chromium",
                    # Tests run as root, and Chromium has no sandbox for root.
                    "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
                    "prefs": {} if javascript else {"profile.managed_default_content_settings.javascript": 2},
                }}}})["sessionId"]
        except BaseException:
            self.destroy()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.destroy()

    def destroy(self):
        try:
            if self.session:
                self._ask("DELETE", self.session)
        finally:
            process_end(self.process, 30)
            remove_directory(self.directory)

    def _is_ready(self):
        try:
            return self._ask("GET", "/status")["ready"]
        except urllib.error.URLError:
            return False

    def _ask(self, method, path, body=None):
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.driver + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise HarnessError(f"chromedriver: {method} {path}: {error.read().decode()[:500]}") from None

    def open(self, url):
        self._ask("POST", self.session + "/url", {"url": url})

    def reload(self):
        self._ask("POST", self.session + "/refresh")

    def run(self, script):
        """Runs JavaScript in the page; returns what it returns."""
        return self._ask("POST", self.session + "/execute/sync", {"script": script, "args": []})

    def address(self):
        return self._ask("GET", self.session + "/url")

    def title(self):
        return self._ask("GET", self.session + "/title")

    def find(self, selector):
        """The path of an element, for the calls below."""
        found = self._ask("POST", self.session + "/element", {"using": "css selector", "value": selector})
        return f"{self.session}/element/{found[ELEMENT]}"

    def text(self, selector):
        """The text that a person sees."""
        return self._ask("GET", self.find(selector) + "/text")

    def is_visible(self, selector):
        return self._ask("GET", self.find(selector) + "/displayed")

    def focus(self):
        """Role and name of the element that has the focus, as a screen reader says them."""
        element = f"{self.session}/element/{self._ask('GET', self.session + '/element/active')[ELEMENT]}"
        return self._ask("GET", element + "/computedrole"), self._ask("GET", element + "/computedlabel")

    def type(self, text):
        """Presses keys, wherever the focus is."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._ask("POST", self.session + "/actions",
                  {"actions": [{"type": "key", "id": "keyboard", "actions": keys}]})

    def console(self):
        """What the browser has complained of since the last call."""
        return [entry["message"] for entry in self._ask("POST", self.session + "/se/log", {"type": "browser"})]
