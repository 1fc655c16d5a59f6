#!/usr/bin/python3
"""embed_page.py PAGE.html OUTPUT.c: compiles a page and its Content-Security-Policy into authd.

The policy names the SHA-256 of the page's own <style> and <script>, so a browser applies and runs these and nothing
else, although both stand in the page. The page loads nothing, and its forms send nothing but by its script."""

import base64
import hashlib
import pathlib
import re
import sys


def source_of(page, tag):
    """The source expression of the only element of a kind, which must have no attributes."""
    (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    if len(re.findall(rf"<{tag}\b", page)) != 1:
        raise ValueError(f"expected one <{tag}>, without attributes")
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy_of(page):
    return "; ".join([
        "default-src 'none'", f"style-src {source_of(page, 'style')}", f"script-src {source_of(page, 'script')}",
        "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"])


def main(path, output):
    path = pathlib.Path(path)
    page = path.read_text(encoding="utf-8")
    octets = ", ".join(str(octet) for octet in page.encode())
    pathlib.Path(output).write_text(
        "/* Made by embed_page.py. */\n"
        '#include "http/page.h"\n\n'
        f"static const char text[] = {{{octets}, 0}};\n\n"
        f"const struct page {path.stem} = {{text, \"{policy_of(page)}\"}};\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
