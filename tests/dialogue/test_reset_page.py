"""The page that a reset link leads to, in a real Chromium: from the mail to a login with the new password."""

import base64
import hashlib
import re

import pytest
from api import SECURITY_HEADERS, Answer, Unix
from conftest import PASSWORD, make_authd
from harness.ask import ask
from harness.chromium import ENTER, SPACE, TAB, Chromium
from harness.private import free_ports, wait_until
from harness.sink import Sink
from test_reset import NEW, OTHER, Site


@pytest.fixture(scope="module")
def site(server):
    """authd whose public URL is its own listener."""
    url = f"127.0.0.1:{free_ports()[0]}"
    with Sink() as sink:
        authd = make_authd(server.postgres)
        authd.config["public_url"] = f"http://{url}"
        authd.config["listeners"].append({"protocol": "http", "address": url})
        authd.config["mail"] = {"from": "postmaster@example.org", "server": sink.url}
        authd.config["password"] = {}
        authd.write_config()
        with authd:
            yield Site(authd, server.postgres, sink)


@pytest.fixture(scope="module")
def chromium():
    with Chromium() as chromium:
        yield chromium


@pytest.fixture
def browser(chromium):
    """A browser that shows another page. At the end it has nothing to complain of but what a test has made: refusals
    and an absent server. Its advice to name the user cannot be followed: the page does not know the user."""
    chromium.open("about:blank")
    chromium.console()
    yield chromium
    made = ("status of 4", "ERR_CONNECTION_REFUSED", "Password forms should have (optionally hidden) username fields")
    assert not [line for line in chromium.console() if not any(text in line for text in made)]


def mailed_link(site, login, **body):
    site.new_link(login, **body)
    return "#".join(site.sink.links()[-1].link().groups())


def press_enter(browser):
    """Sends the form, and waits for what the page says then."""
    browser.run("note.textContent = ''")
    browser.type(ENTER)
    return wait_until(lambda: re.sub(r"^One moment\.$", "", browser.text("#note")), 30, "an answer")


def get(site, path):
    connection = Unix(site.authd.http)
    connection.request("GET", path)
    return Answer(connection.getresponse())


def test_from_the_mail_to_a_login(site, browser):
    """The keyboard alone is enough, and a screen reader has a name for everything."""
    login, _ = site.new_reader()
    link = mailed_link(site, login)
    browser.open(link)
    assert browser.title() == "Set a new password"
    assert browser.run("return document.documentElement.lang") == "en"
    assert browser.address() == link.partition("#")[0]  # the token is out of sight
    assert browser.focus() == ("textbox", "New password")
    browser.type("short" + TAB)
    assert browser.focus() == ("checkbox", "Show the password")
    assert browser.run("return password.type") == "password"
    browser.type(SPACE)
    assert browser.run("return password.type") == "text"
    browser.type(TAB)
    assert browser.focus() == ("button", "Set the password")

    said = press_enter(browser)
    assert said == "Password is 5 characters long, and at least 15 are needed; use four or more unrelated words."
    assert browser.focus() == ("textbox", "New password")
    assert browser.run("return password.getAttribute('aria-invalid')") == "true"
    assert site.password_is(login, PASSWORD)

    browser.run("password.select()")
    browser.type(NEW)
    said = press_enter(browser)
    assert said == f"The new password of {login} is set.\nEnter it in your mail programs and wherever you sign in."
    assert browser.focus()[0] == "status"
    assert not browser.is_visible("#form")
    assert browser.run("return password.value") == ""
    assert site.password_is(login, NEW) and not site.password_is(login, PASSWORD)
    assert link.partition("#")[2] not in site.authd.log_text()


def test_a_used_link(site, browser):
    login, _ = site.new_reader()
    link = mailed_link(site, login)
    browser.open(link)
    assert site.use(link.partition("#")[2]).status == 200
    browser.type(OTHER)
    assert press_enter(browser) == "The link is not good, or no longer.\nAsk for a new one."
    assert browser.focus()[0] == "status" and not browser.is_visible("#form")
    assert site.password_is(login, NEW) and not site.password_is(login, OTHER)


def test_another_link_in_the_same_tab(site, browser):
    """The browser does not load the page again for what follows #."""
    login, _ = site.new_reader()
    browser.open(mailed_link(site, login))
    browser.open(mailed_link(site, login))
    browser.type(NEW)
    assert press_enter(browser).startswith(f"The new password of {login} is set.")
    other, _ = site.new_reader()
    browser.open(mailed_link(site, other))
    browser.type(OTHER)
    assert press_enter(browser).startswith(f"The new password of {other} is set.")
    assert site.password_is(other, OTHER)


def test_without_a_token(site, browser):
    login, _ = site.new_reader()
    link = mailed_link(site, login)
    for address in link.partition("#")[0], link:
        browser.open(address)
        browser.reload()
        assert browser.text("#note") == "This page sets a new password by the link in a mail.\nOpen the link in the mail again."
        assert not browser.is_visible("#form")
    browser.open(link)
    browser.type(NEW)
    assert press_enter(browser).startswith("The new password of")


def test_app_passwords_that_end_are_told(site, browser):
    login, _ = site.new_reader()
    for label in "phone", "laptop":
        assert ask(site.authd.http, "POST", f"/v1/users/{login}/app-passwords", {"label": label}).status == 201
    browser.open(mailed_link(site, login))
    browser.type(NEW)
    assert press_enter(browser).splitlines()[2:] == ["App passwords no longer work (2): make new ones."]


def test_a_server_that_is_away(site, browser):
    """The user can try again, with what was typed."""
    login, _ = site.new_reader()
    browser.open(mailed_link(site, login))
    browser.type(NEW)
    site.authd.stop()
    try:
        said = press_enter(browser)
    finally:
        site.authd.start()
    assert said.startswith("The server did not answer, or not in full.\nTry again.")
    assert browser.focus() == ("textbox", "New password")
    assert press_enter(browser).startswith(f"The new password of {login} is set.")


def test_an_empty_password_is_not_sent(site, browser):
    login, _ = site.new_reader()
    browser.open(mailed_link(site, login))
    browser.type(ENTER)
    assert browser.run("return password.matches(':invalid')") and browser.text("#note") == ""
    assert site.links(login) == 1


def test_without_javascript(site):
    with Chromium(javascript=False) as browser:
        browser.open(f"{site.authd.config['public_url']}/reset#{'A' * 43}")
        assert browser.text("main").startswith("Set a new password\nThis page needs JavaScript.")
        assert not browser.is_visible("#form")


def test_only_its_own_script_and_style_may_run(site):
    answer = get(site, "/reset")
    assert answer.status == 200 and len(answer.text.encode()) <= 8192
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    for tag in "style", "script":
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy.pop(f"{tag}-src") == f"'sha256-{digest}'"
    assert policy.pop("connect-src") == "'self'"
    assert policy == dict.fromkeys(["default-src", "base-uri", "form-action", "frame-ancestors"], "'none'")
    assert not re.search(r"\b(?:src|href)=|\bon[a-z]+=|style=|https?:|@import|url\(", answer.text)
