#!/usr/bin/python3
"""Compiles the SQL of this folder into one C file, so that a program and its schema always match.

    embed.py OUTPUT.c     writes that file (the build does)
    embed.py --sql        prints what makes the whole schema in an empty database, in one transaction
    embed.py --raise      raises the number of the function set, if functions/ was changed
    embed.py --signatures prints the signatures of the function set, which functions/RELEASED keeps

The order of the functions, their number and their SHA-256 stand in functions/SET.
"""

import hashlib
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
MIGRATION = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
DEFINITION = re.compile(r"^CREATE (?:OR REPLACE )?FUNCTION (authd\.\w+) ?\((.*?)\)(| RETURNS .*?) LANGUAGE ")
MODES = ("OUT ", "INOUT ", "VARIADIC ", "IN ")


# Names of PostgreSQL's own are found first, and no other schema's.
BEGIN = "BEGIN; SET LOCAL search_path = pg_catalog, pg_temp"


class SchemaError(Exception):
    """What is wrong with the files, and what to do."""


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def split_list(text):
    """At the commas that are in no parentheses."""
    parts, depth = [""], 0
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def argument_type(argument):
    """As PostgreSQL identifies a function by it; None: an OUT argument, which it does not."""
    if argument.startswith("OUT "):
        return None
    if argument.startswith(MODES):
        raise SchemaError(f"argument {argument}: only plain and OUT arguments are known here")
    return re.sub(r" DEFAULT .*", "", argument).split(" ", 1)[1]


class Function:
    """What a CREATE FUNCTION says before LANGUAGE, on one line."""

    def __init__(self, match):
        self.head = f"{match[1]}({match[2]}){match[3]}"
        types = [argument_type(argument) for argument in split_list(match[2])]
        self.signature = f"{match[1]}({', '.join(kind for kind in types if kind)})"


def functions_of(sql):
    """The functions that a text defines; a body ends the search for parentheses at its LANGUAGE."""
    heads = re.findall(r"^CREATE (?:OR REPLACE )?FUNCTION .*?\bLANGUAGE ", sql, re.MULTILINE | re.DOTALL)
    found = [DEFINITION.match(re.sub(r"\s+", " ", head)) for head in heads]
    if not all(found):
        raise SchemaError("a CREATE FUNCTION is not of the form authd.name(name type, …) RETURNS … LANGUAGE …")
    return [Function(match) for match in found]


class Schema:
    """The files of a folder like this one."""

    def __init__(self, folder=HERE):
        self.folder = pathlib.Path(folder)
        self.roles = self.read("roles.sql")
        self.migrations = [self.read_migration(number, path) for number, path in enumerate(
            sorted((self.folder / "migrations").glob("*.sql")), start=1)]
        self.set_text = self.read("functions/SET")
        self.function_set = int(self.setting("Function set", r"[1-9]\d*"))
        self.oldest_compatible = int(self.setting("Oldest compatible", r"[1-9]\d*"))
        self.recorded = self.setting("SHA-256", r"[0-9a-f]+")
        self.files = re.findall(r"^(\w+\.sql)$", self.set_text, re.MULTILINE)
        self.functions = [(name, self.read(f"functions/{name}")) for name in self.files]
        self.sha256 = sha256("".join(sql for _, sql in self.functions))

    def read(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def setting(self, name, form):
        found = re.search(rf"^{name}: ({form})$", self.set_text, re.MULTILINE)
        if not found:
            raise SchemaError(f'functions/SET: needs a line "{name}: …"')
        return found[1]

    def read_migration(self, number, path):
        name = MIGRATION.fullmatch(path.name)
        if not name or int(name[1]) != number:
            raise SchemaError(f"{path}: expected migration {number:04}_NAME.sql: numbers have no gaps")
        return name[2], path.read_text(encoding="utf-8")

    def migration_sha256(self, number):
        """Of the text of all migrations up to that one."""
        return sha256("".join(sql for _, sql in self.migrations[:number]))

    def defined(self):
        """All functions, of migrations and set."""
        return [function for _, sql in self.migrations + self.functions for function in functions_of(sql)]

    def released(self):
        return [line for line in self.read("functions/RELEASED").splitlines() if line and line[0] != "#"]

    def check(self):
        problems = list(self.flaws())
        if problems:
            raise SchemaError("\n".join(problems))

    def flaws(self):
        present = {path.name for path in (self.folder / "functions").glob("*.sql")}
        for name in sorted(present ^ set(self.files)):
            yield f"functions/SET: the list of files and the folder differ in {name}"
        defined = self.defined()
        signatures = [function.signature for function in defined]
        for signature in sorted({name for name in signatures if signatures.count(name) > 1}):
            yield f"{signature} is defined twice"
        for line in self.released():
            if line not in {function.head for function in defined}:
                yield (f"{line} was released and must stay as it was: give what is new another name, or, if no "
                       "supported program calls it, raise Oldest compatible and take it out of functions/RELEASED")
        if self.oldest_compatible > self.function_set:
            yield "functions/SET: Oldest compatible is above Function set"
        for name, sql in self.functions:
            if re.search(r"^CREATE (?!OR REPLACE )", sql, re.MULTILINE):
                yield f"functions/{name}: every CREATE is a CREATE OR REPLACE: the file is applied again and again"
        if self.recorded != self.sha256:
            yield "functions/SET: a function was changed: run schema/embed.py --raise"

    def raise_set(self):
        """SET with the next number, for what the functions are now."""
        text = re.sub(r"^Function set: .*$", f"Function set: {self.function_set + 1}", self.set_text, flags=re.M)
        return re.sub(r"^SHA-256: .*$", f"SHA-256: {self.sha256}", text, flags=re.M)

    def record(self):
        """Writes into schema_info what all of this leaves behind."""
        values = (len(self.migrations), f"'{self.migration_sha256(len(self.migrations))}'", self.function_set,
                  f"'{self.sha256}'", self.oldest_compatible)
        columns = ("migration", "migration_sha256", "function_set", "function_set_sha256", "oldest_compatible")
        return (f"INSERT INTO authd.schema_info ({', '.join(columns)}) VALUES ({', '.join(map(str, values))}) "
                f"ON CONFLICT (one) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in columns)}, "
                "applied_at = excluded.applied_at")

    def sql(self):
        texts = [sql for _, sql in self.migrations + self.functions]
        return "\n".join([BEGIN + ";", *texts, self.record() + ";", "COMMIT;\n"])


# ---- the C file ----

def c_string(text):
    """One C literal a line, so that the C file is as readable as the SQL."""
    escapes = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "?": "\\?"}
    lines = ("".join(escapes.get(char, char) for char in line) for line in text.split("\n"))
    return "\n".join(f'    "{line}\\n"' for line in lines)


def c_file(schema):
    migrations = [f'    {{{number}, "{name}", "{schema.migration_sha256(number)}",\n{c_string(sql)}}},'
                  for number, (name, sql) in enumerate(schema.migrations, start=1)]
    functions = [f'    {{"{name}",\n{c_string(sql)}}},' for name, sql in schema.functions]
    signatures = "\n".join(function.signature for function in schema.defined())
    return "\n".join([
        "/* Made by schema/embed.py. */",
        '#include "store/migrations.h"',
        "",
        "const char roles_sql[] =",
        c_string(schema.roles) + ";",
        "",
        "static const struct migration migrations[] = {",
        *migrations,
        "};",
        "",
        "static const struct function_file functions[] = {",
        *functions,
        "};",
        "",
        "const struct schema program_schema = {",
        "    .migrations = migrations,",
        f"    .migration_count = {len(migrations)},",
        "    .functions = functions,",
        f"    .function_count = {len(functions)},",
        "    .signatures =",
        c_string(signatures) + ",",
        f"    .function_set = {schema.function_set},",
        f'    .function_set_sha256 = "{schema.sha256}",',
        f"    .oldest_compatible = {schema.oldest_compatible},",
        f'    .begin = "{BEGIN}",',
        "    .record =",
        c_string(schema.record()) + ",",
        "};",
        "",
    ])


def main(argument):
    schema = Schema()
    if argument == "--raise":
        if schema.recorded != schema.sha256:
            (HERE / "functions/SET").write_text(schema.raise_set(), encoding="utf-8")
        return
    schema.check()
    if argument == "--sql":
        print(schema.sql(), end="")
    elif argument == "--signatures":
        print("\n".join(sorted(function.head for function in schema.defined())))
    else:
        pathlib.Path(argument).write_text(c_file(schema), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    try:
        main(sys.argv[1])
    except SchemaError as error:
        sys.exit(str(error))
