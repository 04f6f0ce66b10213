#!/usr/bin/env python3
"""conformance.py: the last column of the tables in docs/conformance/draft-10 and docs/conformance/beyond-draft.

A row is shown by the tests that name it in full: a case of a C program (`CASE("D3.1.2-5", "...")`), a test function in
Rust or Python with the row in it or in the comment before it, or any other file of a tests folder. What no test names is
`open`, with whatever reason was written behind that word.
Usage: ci/conformance.py            writes the column anew
       ci/conformance.py --open     lists the rows that are open
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLES = ROOT / "docs/conformance"
ROW = re.compile(r"(?<![\w.-])(?:D(?:\d+(?:\.\d+)*|[AB])|B\d+)-\d+(?![\w-])")
CASE = re.compile(r'^\s*(?:LINUX_|RFC_)?CASE\("([^"]*)"', re.MULTILINE)
FUNCTION = re.compile(r"^[ \t]*(?:pub(?:\([a-z]+\))? )?(?:async )?(?:fn|def) (\w+)", re.MULTILINE)


def rows():
    """All rows there are, in order."""
    return (TABLES / "rows.txt").read_text().split()


def test_files():
    """Every file that may hold tests."""
    found = [path for folder in (ROOT / "crates").glob("*/tests") for path in folder.rglob("*")]
    found += [path for path in (ROOT / "crates").glob("*/src/**/*.rs") if "#[cfg(test)]" in path.read_text()]
    found += [path for path in (ROOT / "examples").rglob("*") if path.suffix in (".rs", ".c")]
    return sorted(path for path in found if path.suffix in (".rs", ".c", ".py", ".go", ".java", ".js"))


def named_in(path):
    """(row, test) for each row that a file names."""
    text = path.read_text()
    place = str(path.relative_to(ROOT)).removeprefix("crates/")
    if path.suffix == ".c" and CASE.search(text):
        return [(row, f"{place}::{row}") for ids in CASE.findall(text) for row in ids.split()]
    if path.suffix not in (".rs", ".py"):
        return [(row, place) for row in ROW.findall(text)]
    functions = [(match.start(), match.group(1)) for match in FUNCTION.finditer(text)]
    found = []
    for match in ROW.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1:match.start()].lstrip()
        before = [name for start, name in functions if start <= match.start()]
        after = [name for start, name in functions if start > match.start()]
        # A comment at the margin of an item belongs to the function behind it.
        is_ahead = line.startswith(("///", "#")) or not before
        name = (after[0] if after else None) if is_ahead else before[-1]
        found.append((match.group(), f"{place}::{name}" if name else place))
    return found


def shown():
    """The tests of each row, and (file, row) for rows that nobody knows."""
    known = set(rows())
    tests, unknown = {}, []
    for path in test_files():
        for row, test in named_in(path):
            if row not in known:
                unknown.append((path.relative_to(ROOT), row))
            elif test not in tests.setdefault(row, []):
                tests[row].append(test)
    return tests, unknown


def tables():
    return sorted(TABLES.glob("draft-10/*.md")) + sorted(TABLES.glob("beyond-draft/*.md"))


def filled_in(text, tests):
    """The table with its last column as the tests say."""
    lines = []
    for line in text.splitlines():
        match = re.match(rf"\| ({ROW.pattern}) \|", line)
        if match:
            cells = re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |"))
            found = tests.get(match.group(1))
            was = cells[3] if cells[3].startswith("open") else "open"
            cells[3] = ", ".join(f"`{test}`" for test in found[:4]) if found else was
            line = f"| {' | '.join(cells)} |"
        lines.append(line)
    return "\n".join(lines) + "\n"


def findings():
    """(path, line, text) for whatever is wrong: for ci/tidy.py."""
    tests, unknown = shown()
    found = [(path, 1, f"names row {row}, which is not in docs/conformance/rows.txt") for path, row in unknown]
    listed = []
    for path in tables():
        text = path.read_text()
        listed += re.findall(rf"^\| ({ROW.pattern}) \|", text, re.MULTILINE)
        if filled_in(text, tests) != text:
            found.append((path.relative_to(ROOT), 1, "is not what the tests say: run ci/conformance.py"))
    place = pathlib.Path("docs/conformance/rows.txt")
    for number, row in enumerate(rows(), 1):
        if listed.count(row) != 1:
            found.append((place, number, f"row {row} stands {listed.count(row)} times in the tables"))
    for row in sorted(set(listed) - set(rows())):
        found.append((place, 1, f"row {row} is in a table, but not here"))
    return found


def main():
    tests, _ = shown()
    for path in tables():
        text = path.read_text()
        if "--open" in sys.argv[1:]:
            for line in filled_in(text, tests).splitlines():
                if re.match(rf"\| {ROW.pattern} \|", line) and " | open" in line:
                    print(line)
        else:
            path.write_text(filled_in(text, tests))
    print(f"{len(tests)} of {len(rows())} rows are shown by tests", file=sys.stderr)


if __name__ == "__main__":
    main()
