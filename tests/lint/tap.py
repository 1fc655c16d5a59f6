"""Shared by the lints: the project's files, and results as TAP with a truthful exit status."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = {".git", "__pycache__", "corpus"}


def files(*suffixes, under=""):
    """All files with one of the suffixes; build directories (those with a build.ninja) are left out."""
    found = []
    folders = [ROOT / under]
    while folders:
        folder = folders.pop()
        if (folder / "build.ninja").exists():
            continue
        for path in sorted(folder.iterdir()):
            if path.name in SKIPPED or path.is_symlink():
                continue
            if path.is_dir():
                folders.append(path)
            elif not suffixes or path.suffix in suffixes:
                found.append(path)
    return found


def report(*results):
    """Prints results, each a name and a list of problems, and exits."""
    print(f"1..{len(results)}")
    for number, (name, problems) in enumerate(results, 1):
        print(f"{'not ok' if problems else 'ok'} {number} - {name}")
        for problem in problems:
            print(f"# {problem}")
    sys.exit(any(problems for _, problems in results))


def sample(name, problems_of, bad, good):
    """A result that checks the check itself: every bad sample must be refused, every good one accepted."""
    wrong = [f"not refused: {text!r}" for text in bad if not problems_of(text)]
    wrong += [f"refused: {text!r}: {problems_of(text)}" for text in good if problems_of(text)]
    if not bad:
        wrong.append("no bad sample")
    return name, wrong
