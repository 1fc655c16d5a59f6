"""The configuration of Postfix and Exim in README.md works."""

import contextlib
import os
import re

from harness import clients
from harness.authd import Authd, new_password
from harness.exim import Exim
from harness.postfix import Postfix
from harness.private import read_text

README = os.path.join(os.path.dirname(__file__), "..", "..", "README.md")


def block(word):
    """The marked block of README.md that contains the word."""
    blocks = re.findall(r"<!-- tests/system/test_readme.py runs this -->\n```\n(.*?)```", read_text(README), re.S)
    (found,) = (text for text in blocks if word in text)
    return found


def logs_in(site, port, tls):
    good = clients.swaks(port, "PLAIN", site.ALICE, site.password, tls=tls, send=True)
    assert (good.code, good.status) == (235, 0), good.transcript
    assert clients.swaks(port, "LOGIN", site.ALICE, new_password(), tls=tls).code == 535


def test_postfix(site):
    """Postfix has an authd of its own, the second one on the site's database."""
    with contextlib.ExitStack() as stack:
        postfix = Postfix()
        stack.callback(postfix.destroy)
        text = re.sub(r"^submission ", f"127.0.0.1:{postfix.port} ", block("wrappermode"), flags=re.M)
        text = re.sub(r"^submissions ", f"127.0.0.1:{postfix.tls_port} ", text, flags=re.M)
        postfix.write_services(text)
        stack.enter_context(Authd(site.postgres, [postfix.listener()]))
        postfix.start()
        logs_in(site, postfix.port, "starttls")
        logs_in(site, postfix.tls_port, "wrapper")


def test_exim(site):
    authenticators = block("driver = dovecot").replace("/run/smtp-authd/exim", site.authd.dovecot)
    with Exim(site.authd.dovecot, authenticators) as exim:
        logs_in(site, exim.port, "starttls")
