#!/usr/bin/python3
"""Compiles roles.sql and the numbered migrations into one C file, so that a program and its schema
always match.

    embed.py OUTPUT.c roles.sql 0001_name.sql 0002_name.sql ...
"""

import pathlib
import re
import sys

NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
OLDEST = re.compile(r"^-- Oldest compatible: (\d+)$", re.MULTILINE)


def c_string(text):
    """One C literal a line, so that the C file is as readable as the SQL."""
    escapes = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "?": "\\?"}
    lines = ("".join(escapes.get(char, char) for char in line) for line in text.split("\n"))
    return "\n".join(f'    "{line}\\n"' for line in lines)


def migration(expected, path):
    name = NAME.match(path.name)
    if not name or int(name[1]) != expected:
        sys.exit(f"{path}: expected migration {expected:04}_NAME.sql: numbers have no gaps")
    sql = path.read_text(encoding="utf-8")
    oldest = OLDEST.search(sql)
    if not oldest or not 1 <= int(oldest[1]) <= expected:
        sys.exit(f'{path}: needs a line "-- Oldest compatible: N", N from 1 to {expected}')
    return f'    {{{expected}, "{name[2]}", {oldest[1]},\n{c_string(sql)}}},'


def main(output, roles, *paths):
    migrations = [migration(i, pathlib.Path(path)) for i, path in enumerate(paths, start=1)]
    parts = [
        "/* Made by schema/embed.py. */",
        '#include "store/migrations.h"',
        "",
        "const char roles_sql[] =",
        c_string(pathlib.Path(roles).read_text(encoding="utf-8")) + ";",
        "",
        "const struct migration migrations[] = {",
        *migrations,
        "};",
        f"const int migration_count = {len(migrations)};",
        "",
    ]
    pathlib.Path(output).write_text("\n".join(parts), encoding="utf-8")


main(*sys.argv[1:])
