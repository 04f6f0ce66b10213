#!/usr/bin/env python3
"""tidy.py: the rules of this repository that no compiler checks.

Sizes of files and functions, file names, the form of citations, links and test names in the documents, what must not
be in the tree. Prints one line per finding, `path:line: text`; exits with 1 if any of them is an error.
Usage: ci/tidy.py [--quiet]   (--quiet leaves out the warnings)
"""

import pathlib
import re
import subprocess
import sys

import conformance

ROOT = pathlib.Path(__file__).resolve().parent.parent

FILE_WARN, FILE_FAIL = 500, 700  # lines without tests
TEST_FILE_FAIL = 600
FUNCTION_WARN, FUNCTION_FAIL = 60, 100
FORBIDDEN_NAMES = {"common", "handy", "helper", "helpers", "misc", "shared", "util", "utils"}
# The only places that may switch the lint `unsafe_code` off.
UNSAFE_ALLOWED = ("crates/link/src/sys/", "crates/capi/", "crates/preload/", "crates/socket/tests/", "crates/link/tests/")
# Pieced together, so that this file does not find itself.
MACHINE_PATHS = re.compile("|".join([r"(?<![\w.])/wo" + r"rk/", r"/ho" + r"me/\w+/", r"\.\./sha" + r"red\b"]))
UNFINISHED = re.compile(r"\b(todo!|unimplemented!|dbg!)\s*[\(\[{]|\bFIX" + r"ME\b|\bXX" + r"X\b")
TEXT = {".rs", ".py", ".sh", ".c", ".h", ".md", ".toml", ".yml", ".yaml", ".map", ""}

# Each RFC that the code cites is in the tables, if only in their list of references.
KNOWN_RFCS = {n for path in ROOT.glob("docs/conformance/*.md") for n in re.findall(r"\bRFC (\d+)", path.read_text())}

errors = 0
quiet = "--quiet" in sys.argv[1:]


def fail(path, line, text):
    global errors
    errors += 1
    print(f"{path}:{line}: error: {text}")


def warn(path, line, text):
    if not quiet:
        print(f"{path}:{line}: warning: {text}")


def blank_out(source):
    """The same text with strings, characters and comments as spaces, so that braces can be counted."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\\'\n])\'', re.DOTALL)
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), source)


def block_end(code, start):
    """The offset behind the brace that closes the first one opened at or after `start`; None for a bodiless item."""
    depth = 0
    for match in re.compile(r"[{};]").finditer(code, start):
        sign = match.group()
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                return match.end()
        elif depth == 0 and "[" not in code[start:match.start()].rsplit("]", 1)[-1]:
            return None
    return None


def line_of(code, offset):
    return code.count("\n", 0, offset) + 1


def test_lines(code):
    """The numbers of the lines inside `#[cfg(test)]` items."""
    lines = set()
    for match in re.finditer(r"#\[cfg\((?:test|all\(test\b[^\]]*)\)\]", code):
        end = block_end(code, match.end())
        if end:
            lines.update(range(line_of(code, match.start()), line_of(code, end) + 1))
    return lines


def is_test_file(path):
    return "tests" in path.parts or path.stem == "tests" or "benches" in path.parts or "examples" in path.parts


def check_rust(path, source):
    code = blank_out(source)
    total = source.count("\n")
    if is_test_file(path):
        if total > TEST_FILE_FAIL:
            fail(path, 1, f"test file of {total} lines (limit {TEST_FILE_FAIL}): split it by topic")
        return
    tests = test_lines(code)
    size = total - len(tests)
    if size > FILE_FAIL:
        fail(path, 1, f"file of {size} lines (limit {FILE_FAIL}): split it by concern")
    elif size > FILE_WARN:
        warn(path, 1, f"file of {size} lines (aim at {FILE_WARN})")
    for match in re.finditer(r"\bfn\s+(\w+)", code):
        first = line_of(code, match.start())
        end = block_end(code, match.end())
        if first in tests or end is None:
            continue
        length = line_of(code, end) - first + 1
        if length > FUNCTION_FAIL:
            fail(path, first, f"function {match.group(1)} of {length} lines (limit {FUNCTION_FAIL})")
        elif length > FUNCTION_WARN:
            warn(path, first, f"function {match.group(1)} of {length} lines (aim at {FUNCTION_WARN})")
    for match in re.finditer(r"allow\(unsafe_code\)", code):
        if not str(path).startswith(UNSAFE_ALLOWED):
            fail(path, line_of(code, match.start()), "unsafe code is not allowed in this part of the tree")


def check_text(path, source):
    for number, line in enumerate(source.splitlines(), 1):
        if MACHINE_PATHS.search(line):
            fail(path, number, "names a path of one machine")
        if path.suffix in (".rs", ".c", ".h", ".py") and UNFINISHED.search(line):
            fail(path, number, "unfinished: finish it, or open an issue")
        if path.suffix != ".rs":
            continue
        if re.search(r"\bfn test_", line):
            fail(path, number, "a test's name is a sentence, without `test_`")
        if re.search(r"\bRFC\d|\bRFC \d+,? (?:[Ss]ection|[Ss]ec\.)", line):
            fail(path, number, "citation: write `RFC 9260 §7.2.4`")
        for rfc in re.findall(r"\bRFC (\d+) §", line):
            if rfc not in KNOWN_RFCS:
                fail(path, number, f"RFC {rfc} is cited, but nothing in docs/conformance names it")


def check_document(path, source):
    for number, line in enumerate(source.splitlines(), 1):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", line):
            if not re.match(r"\w+:", target) and not (ROOT / path.parent / target).exists():
                fail(path, number, f"link to {target}, which is not there")
    if path.parent == pathlib.Path("docs/conformance"):
        check_table(path, source)


def check_table(path, source):
    """Every `crate/file.rs` in a conformance table is a file, every `crate/file.rs::name` a test in it."""
    for number, line in enumerate(source.splitlines(), 1):
        if not line.startswith("|"):
            continue
        for file, _, name in re.findall(r"`([\w/.-]+\.(?:rs|c|py))(::(\w+))?`", line):
            place = ROOT / "crates" / file
            if not place.exists():
                place = ROOT / file
            if not place.exists():
                fail(path, number, f"{file} is not there")
            elif name and not re.search(rf"\bfn {name}\b|\bdef {name}\b", place.read_text()):
                fail(path, number, f"{file} has no test {name}")


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True,
                            text=True)
    for name in sorted(listed.stdout.splitlines()):
        path = pathlib.Path(name)
        if path.suffix not in TEXT or not (ROOT / path).is_file() or name.startswith("LICENSE"):
            continue
        if path.stem in FORBIDDEN_NAMES:
            fail(path, 1, f"`{path.stem}` says nothing about what is in the file")
        try:
            source = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
        check_text(path, source)
        if path.suffix == ".rs":
            check_rust(path, source)
        elif path.suffix == ".md":
            check_document(path, source)
    for path, line, text in conformance.findings():
        fail(path, line, text)
    print(f"tidy: {errors} error{'s' if errors != 1 else ''}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
