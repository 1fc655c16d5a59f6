"""The request schemas of /openapi.json against the server: values just inside and just outside of each bound, list of
words, pattern and type of each member of each body and query. The server takes what the schema takes, and nothing else.
"""

import json
import urllib.parse
from datetime import datetime, timedelta, timezone

import pytest
from world import HOME, PASSWORD, make_world

DOMAIN = ".".join(["d" * 63] * 3 + ["d" * 57, "com"])  # 253 characters, the most that a domain has
NETWORK = "2001:0db8:0000:0000:0000:0000:192.168.100.100/128"
SECRETS = " ".join(f"{number} purple submarines" for number in range(60))


def soon():
    return (datetime.now(timezone.utc) + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ")


def shortest_or(short, long):
    """A text for the least length, and one for the greatest."""
    return lambda length: short if length < 20 else long


# Texts of a length that mean something where they stand; elsewhere a text of that many x.
ADDRESS = shortest_or(f"a@{HOME}", f"{'a' * 64}@{DOMAIN}")
MEANT = {
    **dict.fromkeys(["login", "address", "recovery_address", "addresses", "user"], ADDRESS),
    "name": lambda length: DOMAIN if length == len(DOMAIN) else "x" * length,
    "domain": shortest_or(HOME, DOMAIN), "domains": lambda length: HOME,
    "class": lambda length: "staff", "code": lambda length: "123456".ljust(length),
    "password": lambda length: SECRETS[:max(length, 30)],
    "second_factor_from": shortest_or("2030-01-01", "2030-01-01T00:00:00.000000000+00:00"),
    "rights": lambda length: "app-passwords:write",
    "anchor": lambda length: f"{'1'.rjust(max(length, 66) - 65, '0')} {'a' * 64}",
    "after": shortest_or("row 1", "seal " + "1".rjust(18, "0") + " " + "a" * 64),
    "hash": lambda length: "$6$abcdefgh$" + "." * 86,
    "cursor": None,  # only the server makes one
    "allow": shortest_or("@self", f"{'a' * 64}@{DOMAIN}"), "deny": shortest_or("*@*", f"*@*.{HOME}"),
    "networks.allow": shortest_or("::", NETWORK), "rows.networks": shortest_or("::", NETWORK),
    "password_hash": lambda length: "$6$abcdefgh$" + "." * 86,
    "days": lambda length: ",".join(["mon"] * max(1, (length + 3) // 4)), "tz": lambda length: "Europe/Berlin",
    "from": lambda length: "07:00", "to": lambda length: "24:00",
    "per": lambda length: "1s" if length < 8 else "7776000s",
}
# What another value of the same object needs, and what makes the objects of a list differ.
BESIDE = {"mode": lambda value: {"monitor_until": soon()} if value == "monitor" else {},
          "monitor_until": lambda value: {} if value is None else {"mode": "monitor"},
          "sliding": lambda value: {"expires_in": 86400},
          "domains": lambda value: {"role": "helpdesk"} if value else {}}
APART = {"rates": lambda number: {"per": f"{number + 1}s"}, "rows": lambda number: {"login": f"a{number}@{HOME}"}}
NO_TEXTS = [7, True, [], {}]


@pytest.fixture(scope="module")
def world():
    yield from make_world()


# Values of a schema, each with whether the schema takes it


def meant(where):
    names = [name for name in (".".join(where[-2:]), where[-1]) if name in MEANT]
    return MEANT[names[0]] if names else lambda length: "x" * length


def least(schema, where):
    """The smallest value that means something."""
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return soon()
    return {"string": lambda: meant(where)(schema["minLength"]), "boolean": lambda: False,
            "integer": lambda: schema["minimum"],
            "array": lambda: [least(schema["items"], where)] * schema["minItems"],
            "object": lambda: {name: least(schema["properties"][name], where + [name])
                               for name in needed(schema)}}[schema["type"]]()


def needed(schema):
    """The members that an object has at least."""
    names = schema.get("required", [])
    return names or list(schema.get("properties", {}))[:schema.get("minProperties", 0)]


def of_text(schema, where):
    if "enum" in schema:
        yield from ((word, True) for word in schema["enum"])
        yield from ((word, False) for word in ("", "no-such-word", schema["enum"][0] + " "))
        return
    if schema.get("format") == "date-time":
        whole = "pattern" in schema
        yield from ((text, True) for text in (soon(), soon().replace("Z", "+00:00"), soon().lower()))
        yield soon().replace("Z", ".5Z"), not whole
        yield from ((text, False) for text in ("", "tomorrow", soon()[:10], soon()[:-1], soon().replace("T", " ")))
        return
    lengths = schema["minLength"], schema["maxLength"]
    if meant(where):
        yield from ((meant(where)(length), True) for length in lengths)
        longer = meant(where)(lengths[1] + 1)
        yield longer, len(longer) <= lengths[1]
    yield from (("x" * length, False) for length in (lengths[0] - 1, lengths[1] + 1, 4 * lengths[1]) if length >= 0)
    if "x-max-octets" in schema:
        yield "\xe4" * (schema["x-max-octets"] // 2 + 1), False
    if "0000" in schema.get("pattern", ""):  # a text for people
        yield from ((letter * lengths[1], True) for letter in ("\xe4", "\U0001f511"))
        yield from ((f"a{letter}b", False) for letter in ("\x01", "\n", "\x7f", "\x85"))
    elif "pattern" in schema:
        yield from ((text, False) for text in ("\xe4" * lengths[1], " " * lengths[1], "~" * lengths[0]))


def of_integer(schema, where):
    low, high, step = schema["minimum"], schema["maximum"], schema.get("multipleOf", 1)
    yield from ((number, True) for number in (low, high))
    yield from ((number, False) for number in (low - 1, high + 1, low + 0.5, str(low), 2 ** 63 - 1, -2 ** 63))
    yield low + 1, step == 1 and high > low


def of_list(schema, where):
    def items(count):
        return [{**least(schema["items"], where), **APART[where[-1]](number)} if where[-1] in APART
                else least(schema["items"], where) for number in range(count)]

    yield from ((items(count), True) for count in (schema["minItems"], schema["maxItems"]))
    yield from ((items(count), False) for count in (schema["minItems"] - 1, schema["maxItems"] + 1) if count >= 0)
    yield from (([value], good) for value, good in values(schema["items"], where))


def of_object(schema, where):
    properties, base = schema.get("properties", {}), least(schema, where)
    yield base, True
    if "properties" not in schema:
        return
    yield {**base, "frob": 1}, False
    if "minProperties" in schema:
        yield {}, False
    for name in schema.get("required", []):
        yield {other: value for other, value in base.items() if other != name}, False
    for name, member in properties.items():
        for value, good in values(member, where + [name]):
            beside = BESIDE[name](value) if name in BESIDE else {}
            beside = {other: value for other, value in beside.items() if other in properties}
            yield {**base, **beside, name: value}, good


OF = {"string": of_text, "integer": of_integer, "array": of_list, "object": of_object,
      "boolean": lambda schema, where: iter([(True, True), (False, True), ("true", False), (1, False)])}
OTHERS = {"string": NO_TEXTS, "integer": ["1", True, []], "array": ["x", {}, 7], "object": ["x", [], 7], "boolean": []}


def values(schema, where):
    if "anyOf" in schema:
        yield None, True
        schema = schema["anyOf"][0]
    else:
        yield None, False
    yield from OF[schema["type"]](schema, where)
    yield from ((value, False) for value in OTHERS[schema["type"]])


# Requests


class Operation:
    def __init__(self, world, method, pattern, operation):
        self.world, self.method, self.operation = world, method, operation
        self.name = operation["operationId"]
        for name, value in {"user": f"peer@{HOME}", "domain": HOME, "class": "staff", "purpose": "encryption",
                            "id": self.sub_object(pattern)}.items():
            pattern = pattern.replace("{%s}" % name, value)
        self.path = pattern
        self.who = world.api.nobody if not operation["x-roles"] else None
        if operation.get("x-session-only"):
            self.who = world.sign_in(f"helpdesk@{HOME}")

    def sub_object(self, pattern):
        if "app-passwords" in pattern:
            return self.world.api.good("POST", f"/v1/users/peer@{HOME}/app-passwords", {"label": "x"})["id"]
        if "api-keys" in pattern:
            return self.world.api.make_key().id
        return "1"

    def parameters(self):
        return {parameter["name"]: parameter for parameter in self.operation["parameters"]
                if parameter["in"] == "query"}

    def takes(self, body, query):
        """Whether the server takes the request as it is written, whatever it then answers."""
        if "dry_run" in self.parameters():
            query = {"dry_run": "true", **query}
        path = self.path + "?" + urllib.parse.urlencode(query)
        answer = self.world.api.call(self.method, path, body, self.who)
        self.answer = answer
        refused_rows = self.name == "import_rows" and answer.status == 200 and answer.json["counts"].get("refused")
        return answer.status not in (400, 422) and not refused_rows

    def compare(self, trials):
        """The trials in which the server and the schema do not agree."""
        wrong = []
        for body, query, good, said in trials:
            if self.takes(body, query) != good:
                wrong.append(f"{self.name}: the schema {'takes' if good else 'refuses'} {said[:160]}: {self.answer}")
        return wrong


def operations(world):
    return [Operation(world, *operation) for operation in world.api.operations()]


def test_every_member_of_every_body(world):
    wrong, count = [], 0
    for operation in operations(world):
        if "requestBody" not in operation.operation:
            continue
        schema = operation.operation["requestBody"]["content"]["application/json"]["schema"]
        trials = [(body, {}, good, json.dumps(body, ensure_ascii=False)) for body, good in of_object(schema, [""])]
        count += len(trials)
        wrong += operation.compare(trials)
    print("tried:", count)
    assert not wrong, "\n".join(wrong)
    assert count > 2000


def texts(schema, where):
    """values() for a query, which has texts only."""
    if schema["type"] == "string":
        yield from of_text(schema, where)
    elif schema["type"] == "boolean":
        yield from (("true", True), ("false", True), ("1", False), ("TRUE", False), ("", False))
    else:
        low, high = schema["minimum"], schema["maximum"]
        yield from ((str(number), True) for number in (low, high))
        yield from ((text, False) for text in (str(low - 1), str(high + 1), f"{low}.5", f"+{low}", "x", "", "9" * 40))


def test_every_parameter_of_every_query(world):
    wrong, count = [], 0
    for operation in operations(world):
        parameters = operation.parameters()
        base = {name: least(parameter["schema"], [name]) for name, parameter in parameters.items()
                if parameter["required"]}
        trials = [(None, {**base, "frob": "1"}, False, "frob")]
        for name, parameter in parameters.items():
            trials += [(None, {**base, name: value}, good, f"{name}={value}")
                       for value, good in texts(parameter["schema"], [name])
                       if (name, value) != ("dry_run", "false")]
        trials.append((None, base, True, "nothing else"))
        count += len(trials)
        wrong += operation.compare([trial for trial in trials if "requestBody" not in operation.operation])
    print("tried:", count)
    assert not wrong, "\n".join(wrong)
    assert count > 300
