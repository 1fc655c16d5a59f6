"""The stages of tests/run and the sum of their results. A stage that crashes, hangs or runs no test counts as failed:
silence is never success."""

import argparse
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PYTHON = "/usr/bin/python3"
STAGE_SECONDS = 900
FUZZ_SECONDS = 5  # for each fuzz target

BUILDS = {
    "build-tests": ["-Dwerror=true"],
    # A process that has changed its user ignores the sanitizers' options, so halting is compiled in.
    "build-asan": ["-Dwerror=true", "-Db_sanitize=address,undefined",
                   "-Dc_args=-fno-sanitize-recover=undefined"],
    "build-tsan": ["-Dwerror=true", "-Db_sanitize=thread"],
    "build-clang": ["-Dwerror=true", "-Dfuzz=true", "-Db_sanitize=address,undefined",
                    "-Dc_args=-fsanitize=fuzzer-no-link"],
}
THREADED = ["base-log", "loop-workers", "plugin-hash-memory"]
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1",
}


class StageFailed(Exception):
    """A stage could not run its tests."""


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def text(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def run(*argv, environment=None, capture=False):
    """Runs a program in a process group of its own, which is killed after STAGE_SECONDS."""
    process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, text=True, errors="replace",
                               stdout=subprocess.PIPE if capture else None, start_new_session=True,
                               stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})})
    try:
        output, _ = process.communicate(timeout=STAGE_SECONDS)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise StageFailed(f"{' '.join(argv)}: not done within {STAGE_SECONDS} s") from None
        raise
    return process.returncode, output


def run_quietly(*argv, environment=None):
    """Runs a program whose output matters only when it fails."""
    status, output = run(*argv, environment=environment, capture=True)
    if status != 0:
        print(output)
        raise StageFailed(f"{' '.join(argv)} ended with {status}")


def set_up(name):
    environment = {"CC": "clang" if name == "build-clang" else "gcc"}
    action = ["setup", "--reconfigure"] if os.path.exists(f"{ROOT}/{name}/build.ninja") else ["setup"]
    run_quietly("meson", *action, *BUILDS[name], name, environment=environment)


def build(name):
    set_up(name)
    run_quietly("meson", "compile", "-C", name)


def read_junit(path):
    counts = Counts()
    for case in xml.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            counts.failed += 1
        elif case.find("skipped") is not None:
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts


def checked(status, counts, what):
    """Raises an error if the exit status reports a failure that the counts do not have."""
    if status != 0 and counts.failed == 0:
        raise StageFailed(f"{what} ended with {status}")
    return counts


def meson_tests(name, *tests):
    report = f"{ROOT}/{name}/meson-logs/testlog.junit.xml"
    if os.path.exists(report):
        os.remove(report)
    status, _ = run("meson", "test", "-C", name, "--quiet", "--print-errorlogs", *tests,
                    environment=SANITIZERS)
    if not os.path.exists(report):
        raise StageFailed(f"meson test in {name} wrote no report, exit {status}")
    return checked(status, read_junit(report), f"meson test in {name}")


def stage_unit(_options):
    build("build-tests")
    return meson_tests("build-tests")


def stage_asan(_options):
    build("build-asan")
    return meson_tests("build-asan")


def stage_tsan(_options):
    """Tests the code with threads: the log's writer, the workers, and the memory that hash threads keep."""
    set_up("build-tsan")
    return meson_tests("build-tsan", *THREADED)


def stage_clang(_options):
    """Compiles everything with clang, without a warning."""
    build("build-clang")
    return Counts(passed=1)


def stage_fuzz(_options):
    """Runs each fuzz target from its seeds for a few seconds, enough to see whether the target is broken."""
    build("build-clang")
    counts = Counts()
    for path in sorted(glob.glob("tests/fuzz/fuzz_*.c", root_dir=ROOT)):
        target = os.path.basename(path).removesuffix(".c")
        with tempfile.TemporaryDirectory() as inputs:
            status, output = run(f"build-clang/tests/fuzz/{target}", f"-max_total_time={FUZZ_SECONDS}",
                                 f"-artifact_prefix={ROOT}/build-clang/", inputs,
                                 f"tests/fuzz/corpus/{target.removeprefix('fuzz_')}",
                                 environment=SANITIZERS, capture=True)
        counts.add(Counts(passed=1) if status == 0 else Counts(failed=1))
        if status != 0:
            print(f"{target} ended with {status}:\n{output[-4000:]}")
    return counts


def stage_bench(_options):
    """Checks that the benchmarks run and that no reply under load is wrong. There is no limit for speed."""
    build("build-tests")
    run_quietly("tests/bench/run", "--rounds=1", "--seconds=0.3", "--warmup=0.1", "--users=1000",
                environment={"AUTHD_BUILD": f"{ROOT}/build-tests"})
    run_quietly("tests/bench/app_passwords", "--rounds=1", "--seconds=0.3", "--warmup=0.1", "--many=100",
                environment={"AUTHD_BUILD": f"{ROOT}/build-tests"})
    run_quietly("tests/bench/import", "--users=3000", environment={"AUTHD_BUILD": f"{ROOT}/build-tests"})
    return Counts(passed=3)


def stage_pgtap(_options):
    status, output = run("tests/pgtap/run", capture=True)
    results = re.findall(r"^(not )?ok \d+", output, re.M)
    counts = Counts(failed=sum(map(bool, results)))
    counts.passed = len(results) - counts.failed
    if status != 0:
        print(output)
    return checked(status, counts, "tests/pgtap/run")


def stage_lint(_options):
    counts = Counts()
    for path in sorted(glob.glob("tests/lint/*", root_dir=ROOT)):
        if not os.access(f"{ROOT}/{path}", os.X_OK) or os.path.isdir(f"{ROOT}/{path}"):
            continue
        status, output = run(path, capture=True)
        counts.add(Counts(passed=1) if status == 0 else Counts(failed=1))
        if status != 0:
            print(f"{path} ended with {status}:\n{output}")
    return counts


def pytest(folder, options, *more):
    """Runs pytest with the sanitized programs."""
    build("build-asan")
    report = f"{ROOT}/build-asan/{folder}.junit.xml"
    if os.path.exists(report):
        os.remove(report)
    chosen = ["-k", options.k] if options.k else []
    status, _ = run(PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--durations=5",
                    f"--junitxml={report}", *more, *chosen, f"tests/{folder}",
                    environment={"AUTHD_BUILD": f"{ROOT}/build-asan"})
    if not os.path.exists(report):
        raise StageFailed(f"pytest in {folder} wrote no report, exit {status}")
    return checked(status, read_junit(report), f"pytest in {folder}")


def stage_dialogue(options):
    """Runs three files at a time, because the tests wait more than they work."""
    return pytest("dialogue", options, "-n", "3", "--dist", "loadfile")


def stage_system(options):
    """Runs two files at a time, each with a site of its own."""
    return pytest("system", options, "-n", "2", "--dist", "loadfile")


STAGES = {
    "lint": stage_lint,
    "unit": stage_unit,
    "pgtap": stage_pgtap,
    "bench": stage_bench,
    "clang": stage_clang,
    "fuzz": stage_fuzz,
    "tsan": stage_tsan,
    "asan": stage_asan,
    "dialogue": stage_dialogue,
    "system": stage_system,
}
QUICK = ("lint", "unit", "pgtap")


def run_stage(name, options):
    print(f"\n=== {name}", flush=True)
    started = time.monotonic()
    try:
        counts = STAGES[name](options)
        if counts.passed + counts.failed == 0:
            raise StageFailed("it ran no test")
    except (StageFailed, OSError, xml.ParseError) as error:
        print(f"stage {name} failed: {error}")
        counts = Counts(failed=1)
    print(f"--- {name}: {counts.text()} in {time.monotonic() - started:.0f} s", flush=True)
    return counts


def main():
    parser = argparse.ArgumentParser(prog="tests/run", description="Runs the tests, all of them by default.")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(STAGES))
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    parser.add_argument("-k", metavar="NAME", help="only the dialogue and system tests of this name")
    options = parser.parse_args()
    unknown = set(options.stages) - set(STAGES)
    if unknown:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    chosen = options.stages or (QUICK if options.quick else (["dialogue", "system"] if options.k else STAGES))

    total = Counts()
    for name in STAGES:
        if name in chosen:
            total.add(run_stage(name, options))
    print(f"\n{total.text()}")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
