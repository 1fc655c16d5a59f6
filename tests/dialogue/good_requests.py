"""A good request of each operation of the API."""

from world import EMPTY, HOME, PASSWORD

# Valid bodies by operation.
BODIES = {
    "sign_in": {"login": f"peer@{HOME}", "password": PASSWORD},
    "session_fresh": {"password": PASSWORD},
    "user_add": {"login": f"new@{HOME}"},
    "user_set": {"display_name": "Somebody"},
    "user_suspend": {"reason": "a test"},
    "address_add": {"address": f"another@{HOME}"},
    "password_set": {"password": "quite another long password"},
    "app_password_add": {"label": "new"},
    "app_password_set": {"label": "another"},
    "app_password_rotate": {},
    **{f"{level}_scope_put": {"v": 1, "max_recipients": 5} for level in ("user", "domain", "class", "site")},
    "totp_enroll": {},
    "totp_confirm": {"code": "123456"},
    "password_strength": {"password": "quite another long password"},
    "reset_link_add": {},
    "reset_use": {"token": "A" * 43, "password": "quite another long password"},
    "domain_add": {"name": "new.example"},
    "import_rows": {"rows": [{"login": f"new@{HOME}"}]},
    "domain_set": {"description": "Something"},
    "class_add": {"name": "new"},
    "class_set": {"description": "Something"},
    "api_key_add": {"label": "new"},
    "api_key_set": {"label": "another"},
    "audit_verify": {},
    "key_rotate": {},
}
QUERIES = {"address_remove": "address=nobody@nowhere.example"}

# Operations that have no dry run and concern the caller alone; other tests cover them.
ALONE = {"sign_in", "session_fresh", "sign_out", "reset_use"}


def body_of(operation):
    """The body of a good request; None: the operation takes none."""
    return BODIES[operation["operationId"]] if "requestBody" in operation else None


def members_of(operation):
    """name → description of each member that the body of an operation may have."""
    body = operation.get("requestBody")
    return body["content"]["application/json"]["schema"]["properties"] if body else {}


def has_dry_run(operation):
    return any(parameter["name"] == "dry_run" for parameter in operation["parameters"])


# A good value of each member, as the member of a body by which something is changed.
VALUES = {
    "address": f"another@{HOME}", "addresses": [f"another@{HOME}"], "algorithm": "SHA1", "anchor": "1.x", "after": "x",
    "class": "idle", "code": "123456", "create": True, "description": "Something", "digits": 6,
    "display_name": "Somebody", "domains": [HOME], "existing": "skip", "expires_at": "2126-01-01T00:00:00Z",
    "expires_in": 86400, "hash": "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
    "keep_credentials": True, "label": "new", "line": 7, "login": f"renamed@{HOME}", "name": "new.example",
    "networks": ["192.0.2.0/24"], "overlap": 60, "password": "quite another long password",
    "password_hash": "$6$authdauthd$" + "." * 86, "prepare": True, "reason": "a test",
    "recipient_delimiter": "+", "recovery_address": "new@other.example", "rights": ["site:read"], "role": "helpdesk",
    "scope": {"v": 1, "max_recipients": 5}, "second_factor": "required", "second_factor_from": "2126-01-01",
    "service": True, "sliding": False, "suspended": True, "ticket": "A" * 43,
}


def bodies_of(operation):
    """(name, body) for each member of the body of an operation: a good request that sets this member and no other that
    need not be set. Members of the rows of an import come as `rows.name`. Without members: one (None, body)."""
    members = members_of(operation)
    whole = members if operation["operationId"].endswith("_scope_put") else {}
    if not members or whole:  # a sending scope is one document
        yield None, body_of(operation)
        return
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    needed = {name: body_of(operation).get(name, VALUES.get(name)) for name in schema.get("required", [])}
    for name, member in members.items():
        if name == "rows":
            for cell in member["items"]["properties"]:
                login = {"login": f"new@{HOME}"}
                yield f"rows.{cell}", {"rows": [{cell: VALUES[cell], **login}]}
        else:
            yield name, {**needed, name: needed.get(name, VALUES.get(name))}


def path_of(pattern, user=f"user@{HOME}", **objects):
    """The path of an operation on objects that exist and that nobody minds."""
    path = pattern
    for name, value in {"user": user, "domain": EMPTY, "class": "idle", "purpose": "encryption", **objects}.items():
        path = path.replace("{%s}" % name, value)
    return path


def url_of(operation, path):
    """The path with the query of a dry run."""
    query = [QUERIES[operation["operationId"]]] if operation["operationId"] in QUERIES else []
    query += ["dry_run=true"] if has_dry_run(operation) else []
    return path + ("?" if query else "") + "&".join(query)
