"""A client of the management API that checks every answer against the API's own description: the status must be one
that the description names for the route, and the body must have the members that it names for that status."""

import functools
import http.client
import json
import re
import socket
from datetime import datetime

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


NOTHING_MAY_RUN = "default-src 'none'; frame-ancestors 'none'"


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode("utf-8")
        self.json = json.loads(self.text) if self.text and self.headers["Content-Type"].endswith("json") else None

    def __repr__(self):
        return f"{self.status} {self.text[:300]}"

    @property
    def type(self):
        return self.json["type"]

    @property
    def cookie(self):
        """The session cookie that the answer sets."""
        return re.match(r"__Host-authd=([A-Za-z0-9_-]{43});", self.headers["Set-Cookie"])[1]


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class Caller:
    """A caller: `headers` are the caller's credentials."""

    def __init__(self, name, headers=None, path=None, **known):
        self.name, self.headers, self.path = name, headers or {}, path
        self.__dict__.update(known)

    def __repr__(self):
        return self.name


class Api:
    """`address` is that of the TCP listener, `path` that of the administrator's socket."""

    def __init__(self, address, path):
        self.address, self.path = address, path
        self.host = Caller("host", path=path, role="admin", login=None, rank=5, reach=None, rights=None)
        self.nobody = Caller("nobody", role=None)

    def call(self, method, path, body=None, who=None, **headers):
        """`body` is JSON, or octets that are sent unchanged. In `headers` an underscore stands for a hyphen, and None
        removes a header."""
        who = who or self.host
        sent = {"X-Requested-With": "authd", **who.headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        connection = Unix(who.path) if who.path else http.client.HTTPConnection(*self.address, timeout=30)
        try:
            data = body if isinstance(body, (bytes, type(None))) else json.dumps(body)
            connection.request(method, path, data, {k: v for k, v in sent.items() if v is not None})
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        self.check(method, path, answer)
        return answer

    def good(self, *arguments, **options):
        """Makes a call that must succeed; returns its object."""
        answer = self.call(*arguments, **options)
        assert answer.status in (200, 201), (arguments, answer)
        return answer.json

    def sign_in(self, login, password, code=None, **options):
        body = {"login": login, "password": password, **({"code": code} if code else {})}
        answer = self.call("POST", "/v1/session", body, who=self.nobody, **options)
        assert answer.status == 201, answer
        return Caller(login, {"Cookie": f"__Host-authd={answer.cookie}"}, login=login,
                      session=answer.json["id"])

    def make_key(self, who=None, **body):
        made = self.good("POST", "/v1/api-keys", {"label": "test", **body}, who=who)
        return Caller(f"key {made['rights']}", {"Authorization": f"Bearer {made['secret']}"}, id=made["id"],
                      rights=made["rights"])

    def raw(self, octets):
        """Sends octets over TCP; returns everything that the server sends until it closes."""
        with socket.create_connection(self.address, timeout=30) as sock:
            answer = b""
            try:
                sock.sendall(octets)
                sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the server has answered before it had read everything, and closed
            try:
                while data := sock.recv(65536):
                    answer += data
            except ConnectionResetError:
                pass  # reset by the server because of octets that it did not read
        return answer

    # The API's own description

    @functools.cached_property
    def document(self):
        connection = Unix(self.path)
        connection.request("GET", "/openapi.json")
        return Answer(connection.getresponse()).json

    def operations(self):
        """(method, pattern, operation) of each route."""
        return [(method.upper(), pattern, operation) for pattern, path in self.document["paths"].items()
                for method, operation in path.items()]

    def operation(self, method, path):
        """The operation that describes a request; None if there is none."""
        segments = path.partition("?")[0].split("/")
        for pattern, operations in self.document["paths"].items():
            names = pattern.split("/")
            if len(names) == len(segments) and all(
                    name == segment or (name.startswith("{") and segment)
                    for name, segment in zip(names, segments)):
                return operations.get(method.lower())
        return None

    def check(self, method, path, answer):
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value, (method, path, name, answer.headers[name])
        assert "Server" not in answer.headers
        problem = answer.status >= 400
        operation = self.operation(method, path)
        described = (operation or {"responses": {}})["responses"].get(str(answer.status))
        media = next(iter(described["content"])) if described else "application/problem+json"
        assert answer.headers["Content-Type"].partition(";")[0] == media, (method, path, answer)
        # Only a page may run anything; test_reset_page.py tests which policy it has.
        assert media == "text/html" or answer.headers["Content-Security-Policy"] == NOTHING_MAY_RUN
        if problem:
            assert media == "application/problem+json"
            self.check_schema({"$ref": "#/components/schemas/problem"}, answer.json, method + " " + path)
            assert answer.json["status"] == answer.status
        if operation is None:
            assert answer.status in (400, 404, 405, 421), (method, path, answer)
            return
        assert described, f"{method} {path}: {answer} is not described"
        if problem:
            assert answer.type in described["x-problems"], (method, path, answer)
        for media, content in described["content"].items():
            self.check_schema(content["schema"], answer.json if media.endswith("json") else answer.text, f"{method} {path} {answer.status}")

    def check_schema(self, schema, value, where):
        """Checks a value against the part of JSON Schema that the description uses; an unknown keyword is an error.
        """
        known = {"$ref", "type", "enum", "required", "properties", "additionalProperties", "anyOf", "items",
                 "format", "description"}
        assert not set(schema) - known, (where, schema)
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self.document["components"]["schemas"][name]
        if "anyOf" in schema:
            assert any(self.fits(choice, value) for choice in schema["anyOf"]), (where, value, schema)
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        assert not types or any(is_type(value, name) for name in types), (where, value, schema)
        if "enum" in schema:
            assert value in schema["enum"], (where, value, schema)
        if schema.get("format") == "date-time":
            datetime.strptime(re.sub(r"\.\d{3}Z$", "Z", value), "%Y-%m-%dT%H:%M:%SZ")
        if isinstance(value, dict):
            self.check_object(schema, value, where)
        if isinstance(value, list) and "items" in schema:
            for number, item in enumerate(value):
                self.check_schema(schema["items"], item, f"{where}[{number}]")

    def check_object(self, schema, value, where):
        properties = schema.get("properties", {})
        missing = set(schema.get("required", [])) - set(value)
        assert not missing, f"{where}: the answer lacks {sorted(missing)}"
        if schema.get("additionalProperties") is False:
            unknown = set(value) - set(properties)
            assert not unknown, f"{where}: the description lacks {sorted(unknown)}"
        for name, item in value.items():
            if name in properties:
                self.check_schema(properties[name], item, f"{where}.{name}")

    def fits(self, schema, value):
        try:
            self.check_schema(schema, value, "")
        except (AssertionError, ValueError, TypeError):
            return False
        return True


def is_type(value, name):
    if isinstance(value, bool):
        return name == "boolean"
    return {"object": dict, "array": list, "string": str, "integer": int, "null": type(None),
            "boolean": bool}[name] is type(value)
