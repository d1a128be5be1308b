#!/usr/bin/python3
"""Reads names, comments, messages and pages for the words of words.txt, which do not belong in them.

usage: words.py SOURCE_DIR [PATH...]   PATH: read these only, relative to SOURCE_DIR
"""
import re
import sys
from pathlib import Path

CODE = {".cpp", ".hpp", ".h", ".c", ".in"}
TOPS = ("core", "plugins", "sdk", "tests", "docs", "README.md", "CONTRIBUTING.md", "SECURITY.md")
# Inputs and expected outputs of tests, and what others have written.
LEFT_OUT = ("tests/fixtures/", "tests/golden/", "tests/fuzz/", "tests/core/config/fixtures/", "tests/rules/words", "tests/bench/bolt/",
            "tests/abi/frozen/")
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|[A-Za-z_]\w*', re.DOTALL)


class Rule:
    def __init__(self, kind, pattern, instead, right_in):
        self.kind, self.pattern, self.instead, self.right_in = kind, pattern, instead, right_in
        if kind == "text":
            self.regex = re.compile(pattern)

    def __str__(self):
        return f'"{self.pattern}"; write: {self.instead}'


def read_rules(file):
    rules = []
    for line in file.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        kind, pattern = fields[0].split(" ", 1)
        rules.append(Rule(kind, pattern, fields[1], tuple(fields[2].split()) if len(fields) > 2 else ()))
    return rules


def parts_of(identifier):
    """make_way, MakeWay and kMakeWay all have the parts make and way."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)}


def without_code(text):
    return re.sub(r"`[^`]*`", "`code`", text)


def comment_blocks(text):
    """Yields (line, text) for each run of comment lines, joined, since sentences go over several."""
    block, first, last = [], 0, -2
    for match in TOKEN.finditer(text):
        token = match.group()
        if not token.startswith(("//", "/*")):
            continue
        line = text.count("\n", 0, match.start()) + 1
        alone = text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip() == ""
        words = re.sub(r"^\s*(//+|/?\*+/?)\s?|\s*\*/$", "", token, flags=re.MULTILINE)
        if alone and line == last + 1 and block:
            block.append(words)
        else:
            if block:
                yield first, " ".join(block)
            block, first = [words], line
        last = line + token.count("\n") if alone else -2
    if block:
        yield first, " ".join(block)


def of_code(text):
    """Yields (line, kind, text): identifiers, comments, and string literals that are sentences."""
    for line, block in comment_blocks(text):
        yield line, "text", without_code(re.sub(r"\s+", " ", block)).strip()
    for match in TOKEN.finditer(text):
        token = match.group()
        line = text.count("\n", 0, match.start()) + 1
        if token[0].isalpha() and not token.startswith('R"') or token[0] == "_":
            yield line, "name", token
        elif token.startswith('"') and token.count(" ") >= 2:
            yield line, "text", without_code(token[1:-1]).strip()


def of_python(text):
    for number, line in enumerate(text.splitlines(), 1):
        comment = re.search(r"(?:^|\s)#\s?(.*)", line)
        if comment:
            yield number, "text", without_code(comment.group(1)).strip()
    for match in re.finditer(r'"""(.*?)"""', text, re.DOTALL):
        yield text.count("\n", 0, match.start()) + 1, "text", without_code(re.sub(r"\s+", " ", match.group(1))).strip()


def of_page(text):
    text = re.sub(r"^```.*?^```", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL | re.MULTILINE)
    for match in re.finditer(r"(?:^.+\n?)+", text, re.MULTILINE):
        line = text.count("\n", 0, match.start()) + 1
        for number, row in enumerate(match.group().splitlines()) if match.group().startswith("|") else [(0, match.group())]:
            for cell in row.split("|") if row.startswith("|") else [row]:
                yield line + number, "text", without_code(re.sub(r"\s+", " ", cell)).strip()


def findings_in(path, text, rules):
    reader = of_page if path.suffix == ".md" else of_python if path.suffix == ".py" else of_code
    for line, kind, piece in reader(text):
        for rule in rules:
            if str(path).startswith(rule.right_in or ("\0",)):
                continue
            if kind == "name" and path.parts[0] == "tests":
                continue  # names of tests are sentences
            if kind == "name" and (rule.kind == "exact" and piece in (rule.pattern, rule.pattern + "_") or rule.kind == "name" and rule.pattern in parts_of(piece)):
                yield f"{path}:{line}: the name {piece}: {rule}"
            elif kind == "text" and rule.kind == "text" and (found := rule.regex.search(piece)):
                yield f'{path}:{line}: "...{piece[max(0, found.start() - 30):found.end() + 40]}...": {rule}'


def sources(root, only):
    for top in only or TOPS:
        start = root / top
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            relative = path.relative_to(root)
            if path.is_file() and path.suffix in CODE | {".md", ".py"} and not str(relative).startswith(LEFT_OUT) and "node_modules" not in relative.parts:
                yield relative


def main(arguments):
    root = Path(arguments[0])
    rules = read_rules(Path(__file__).with_name("words.txt"))
    found = [finding for path in sources(root, arguments[1:]) for finding in findings_in(path, (root / path).read_text(encoding="utf-8"), rules)]
    print("\n".join(found) or "no word of the list is used")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
