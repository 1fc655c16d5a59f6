#!/usr/bin/python3
"""The schema of an authd that is one function set newer: one function shows more of an address.

    next_schema.py OUTPUT.c FOLDER   writes the C file; the folder is for the changed copy of schema/
"""

import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from schema.embed import Schema, c_file  # noqa: E402


def main(output, folder):
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "schema", folder)
    path = folder / "functions/address.sql"
    old = path.read_text(encoding="utf-8")
    new = old.replace("SELECT left(address, 1) ||", "SELECT left(address, 2) ||")
    assert new != old, f"{path}: authd.address_masked() is another one than this test knows"
    path.write_text(new, encoding="utf-8")
    (folder / "functions/SET").write_text(Schema(folder).raise_set(), encoding="utf-8")
    schema = Schema(folder)
    schema.check()
    pathlib.Path(output).write_text(c_file(schema), encoding="utf-8")


main(*sys.argv[1:])
