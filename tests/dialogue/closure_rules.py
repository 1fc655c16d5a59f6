"""The rules that keep rights closed, each with what test_closure.py takes out of a function to see whether it is
missed: what is replaced is a regular expression over pg_get_functiondef(), which must be found."""

import re

from closure_site import A, B, C

DA, TWO, HELPDESK, USER = "domain-admin", "domain-admin of two", "helpdesk", "user"
KEY, ENROL = "key of an admin, narrowed", "session that must enrol"
CONTROL = r"authd\.account_control\("
LOCK = "authd.account_lock("


class Rule:
    """A rule stands in `function`; without it `attacker` has a sequence about `focus` of at most `length` acts. only:
    the operations that are tried, so that long sequences are found soon."""

    def __init__(self, function, found, instead, attacker, focus=f"user@{A}", length=2, only=None):
        self.function, self.found, self.instead = function, found, instead
        self.attacker, self.focus, self.length, self.only = attacker, focus, length, only

    def take_out(self, postgres):
        """Replaces the function in the database; returns its text, which puts the rule back."""
        text = postgres.psql(f"SELECT pg_get_functiondef('authd.{self.function}'::regproc)", "authd")
        without, count = re.subn(self.found, self.instead, text)
        assert count, f"authd.{self.function}() has no {self.found}: closure_rules.py needs the rule's new form"
        postgres.psql(without, "authd")
        return text


def giving(function, focus=f"span@{A}", found=CONTROL):
    """The rule that an operation needs control, not the rank alone."""
    return Rule(function, found, LOCK, DA, focus, 1)


def ended(kind, made_by):
    """The rule that a raise ends one kind of credentials, which an operation makes."""
    return Rule("role_changed", r"authd\.credential_kinds\(\)", f"array_remove(authd.credential_kinds(), '{kind}')",
                DA, length=3, only={"user_set", *made_by})


RULES = {
    # Who may do something with an account
    "rank": Rule("account_lock", r"authd\.role_rank\(locked\.role\) >= \(actor ->> 'rank'\)::int", "false",
                 DA, f"auditor@{A}", 1),
    "domain": Rule("account_within", r"account\.domain = ANY \(reach\)", "true", DA, f"user@{C}", 1),
    "self only": Rule("account_find", r"actor -> 'self_only' = 'true'", "false", HELPDESK, length=1),
    "control": Rule("account_control", r"PERFORM authd\.control_check\(actor, reach, locked\);", "", DA,
                    f"span@{A}", 1),
    "whole site": Rule("reach_contains", r"reach IS NULL OR coalesce\(part <@ reach, false\)",
                       "reach IS NULL OR coalesce(part <@ reach, true)", KEY, f"auditor@{A}", 1),
    "control of a key's owner": Rule("control_check", r"OR actor -> 'narrowed' = 'true'", "", KEY, only={"user_set"}),
    **{f"control for {function}": giving(function) for function in (
        "user_set", "password_set", "reset_link_add", "app_password_add", "app_password_rotate", "address_add",
        "user_resume")},
    "control for factors": giving("factor_lock"),
    "control after user_set": Rule("user_set", r"PERFORM authd\.control_check\(actor, reach, new\);", "", KEY,
                                   length=1),
    "control of a new user": Rule("user_add", r"PERFORM authd\.control_check\(actor, reach, new\);", "", KEY,
                                  f"new@{A}", 1),
    "rank of a role": Rule("argument_role", r"authd\.role_rank\(value\) >= \(actor ->> 'rank'\)::int", "false", DA,
                           length=1),
    "domain of a login": Rule("domain_for", r"AND \(reach IS NULL OR domain\.id = ANY \(reach\)\)", "", DA, length=1),
    "domain of an address": Rule("address_put", r"IF reach IS NOT NULL AND NOT EXISTS", "IF false AND NOT EXISTS", DA,
                                 length=1),
    "rank of an import": Rule("import_refusal", r"WHEN \(?authd\.role_rank\([^\n]*?THEN", "WHEN false THEN", DA,
                              f"auditor@{A}", 2),
    "control for import": Rule("import_refusal", r"WHEN \(?NOT authd\.reach_contains\([^\n]*?THEN", "WHEN false THEN",
                               DA, f"span@{A}", 1),
    "domain of an import": Rule("import_decide", r"AND \(reach IS NULL OR home\.id = ANY \(reach\)\)", "", DA,
                                f"user@{C}", 1),
    # What a credential is
    "domains of an API key": Rule("caller_api_key", r"IF held\.domains IS NOT NULL THEN", "IF false THEN", KEY,
                                  length=1),
    "only enrols": Rule("manage", r"IF must_enrol AND", "IF false AND", ENROL, length=1),
    "suspended": Rule("caller_api_key", r"AND NOT account\.suspended|AND NOT suspended", "", "key of a domain-admin",
                      length=1),
    "ticket of a role": Rule("first_enrolment_check", r"owner\.role <> 'user'", "false", ENROL, length=1),
    # What a raise is, and ends
    "raise of rank": Rule("is_raised", r"authd\.role_rank\(new\.role\) > authd\.role_rank\(old\.role\)", "false",
                          HELPDESK, length=1),
    "raise of reach": Rule("is_raised", r"OR NOT authd\.reach_contains\(old_reach, authd\.account_reach\(new\)\)", "",
                           HELPDESK, length=1),
    "raise of an auditor": Rule("is_raised", r"OR old\.role = 'auditor' AND new\.role <> 'auditor'", "", "auditor",
                                length=1),
    "password": Rule("role_changed", r"PERFORM authd\.passwords_clear\(ARRAY\[new\.id\]\);", "", USER, length=1),
    "factor": Rule("role_changed", r"PERFORM authd\.factor_end\(new\.id\);", "", HELPDESK, length=1),
    **{kind: ended(kind, made_by) for kind, made_by in {
        "sessions": {"sign_in"}, "api_keys": {"api_key_add"},
        "app_passwords": {"app_password_add"}, "recovery_codes": {"recovery_codes_set"},
        "tickets": {"totp_remove", "totp_ticket_add"}}.items()},
    "recovery address": Rule("role_changed", r"SET recovery_address = NULL, recovery_address_by_rank = NULL",
                             "SET version = version + 1", DA, only={"user_set"}),
    "recovery address by whom": Rule("setting_rank", r"CASE WHEN reach IS NULL", "CASE WHEN true", KEY, only={"user_set"}),
    "API keys of the demoted": Rule("role_changed", r"ARRAY\['api_keys'\]", "'{}'", DA,
                                    only={"api_key_add", "user_set"}),
    "domains of the former role": Rule("user_set", r"IF changes \? 'domains' OR new\.role <> old\.role THEN",
                                       "IF changes ? 'domains' THEN", DA, f"span@{A}", 1),
    # What is told
    "activity": Rule("activity_list", r"AND \(\$1 -> 'reach' = 'null' OR [^\n]*\)", "", TWO, f"user@{B}", 3,
                     {"user_set", "activity_list"}),
    "kept answers": Rule("manage", r"PERFORM authd\.kept_answer_check\(actor, reach, given\);", "", TWO, f"user@{B}", 3,
                         {"user_set"}),
}
