#!/usr/bin/python3
"""Filter for Doxygen: prints a header with its plain comments as Doxygen comments, or a page with its links as Doxygen links.

usage: comments.py FILE

plugin.h (C): a comment documents the declaration below it, or the one that it follows on the same line. A heading (`---- log/1: ... ----`)
begins a group. A comment above macros that have comments of their own is the title of their list.
*.hpp (C++): the same for `//`. Namespaces named detail, declarations that use them, and function bodies are left out.
*.md: headings get anchors; links to other pages, and names of macros and structs in backquotes, become Doxygen's links.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADERS = "".join((ROOT / "include/belfry" / name).read_text() for name in ("plugin.h", "sdk.hpp"))
MACROS = set(re.findall(r"#define (BELFRY_\w+)", HEADERS)) - {"BELFRY_PLUGIN_H"}
STRUCTS = set(re.findall(r"^\} (belfry_\w+);", HEADERS, re.MULTILINE))


# ---- Text ----------------------------------------------------------------------------------------------------------------------


def escaped(text):
    """Text of a comment as Doxygen text: nothing in it is a command or HTML; names of macros become links."""

    def piece(match):
        code, name = match.group(1), match.group(2)
        if code is not None:
            return match.group()
        if name is not None:
            return f'\\ref {name} "{name}"' if name in MACROS else name
        return "\\" + match.group()

    return re.sub(r"`([^`]*)`|\b(BELFRY_[A-Z0-9_]*[A-Z0-9])\b(?![*_])|[\\@<>&#%*]", piece, text)


def with_tag(text):
    """The tag of a function, `[any & live]`, in bold and before the text."""
    return re.sub(r"^(\\?\[(?:scan|control|strand|any)\b[^\]]*\])", r"<b>\1</b>", text)


def paragraphs(lines):
    """Yields runs of lines between empty ones."""
    run = []
    for line in [*lines, ""]:
        if line.strip():
            run.append(line)
        elif run:
            yield run
            run = []


def doxygen_text(lines, language):
    """The lines of a comment without its marks, as Doxygen text. Columns are kept as they are, and so is code (indented by four)."""
    out = []
    for run in paragraphs(lines):
        if any(re.search(r"^ {0,3}\S.* {3,}\S", line) for line in run):
            out += ["@verbatim", *run, "@endverbatim"]
            continue
        text = []  # of the sentence or list item in progress
        code = []
        for line in [*run, ""]:
            is_item, is_code = line.lstrip().startswith("- "), line.startswith("    ")
            if text and (is_item or is_code or not line):
                out.append(with_tag(escaped(" ".join(text))))
                text = []
            if code and not is_code:
                out += ["@code{.%s}" % language, *code, "@endcode"]
                code = []
            if is_code:
                code.append(line[4:])
            elif is_item:
                text = ["-", line.lstrip()[2:].strip()]
            elif line:
                text.append(line.strip())
        out.append("")
    return out


def comment(lines, opening="/**", language="c", command=""):
    """A Doxygen comment. `lines`: of the plain one, without its marks."""
    text = "\n".join(doxygen_text(lines, language)).strip()
    return f"{opening} {command}{text}{chr(10) if text.endswith(('@endcode', '@endverbatim')) else ' '}*/"


# ---- C -------------------------------------------------------------------------------------------------------------------------


def c_lines(text):
    """The lines of a C comment without its marks."""
    lines = text[2:-2].rstrip().split("\n")
    return [re.sub(r"^\s*\* ?|^\s*", "", line).rstrip(" \\") for line in lines]


def title_and_text(text):
    """Splits "Title: text" and "Title; text"."""
    title, text = re.match(r"(.*?)(?:(?:[;:]|[.](?= )) *(.*))?$", text).groups()
    text = (text or "")[:1].upper() + (text or "")[1:]
    return escaped(title), escaped(text + "." if re.search(r"\w$", text) else text)


class Groups:
    """The groups of a header. A heading with a long rule begins a group, one with a short rule a part of it."""

    def __init__(self):
        self.outer = None
        self.is_open = False

    def begin(self, plain):
        first, _, more = " ".join(line.strip() for line in c_lines(plain)).strip("- ").partition(" ----")
        title, text = title_and_text(first.strip("- "))
        name = "c_" + re.sub(r"\W+", "_", title.lower()).strip("_")
        is_part = self.outer and not re.search(r"-{20,}", plain)
        lines = [f"/** @defgroup {name} {title}", *([f"@ingroup {self.outer}"] if is_part else []), text, escaped(more.lstrip("- ")), "@{ */"]
        if not is_part:
            self.outer = name
        return self.end() + "\n".join(lines)

    def end(self):
        was_open, self.is_open = self.is_open, True
        return "/** @} */ " if was_open else ""


def filter_c(text):
    text = re.sub(r"(?m)^(_Static|static)_assert\(.*$", "", text)  # Doxygen reads these as functions
    groups = Groups()
    out, at, list_end = [], 0, None
    for match in re.finditer(r"/\*.*?\*/|\Z", text, re.DOTALL):
        plain, begin, end = match.group(), match.start(), match.end()
        if list_end is not None and list_end <= begin:
            out.append(text[at:list_end] + "/** @} */\n")
            at, list_end = list_end, None
        before, after = text[text.rfind("\n", 0, begin) + 1 : begin].strip(), text[end:]
        # Macros on the next lines, each with the comment behind it; then what follows them.
        macros = re.match(r"\n((?:#define (?:[^\n]*\\\n)*[^\n]*\n)+)(typedef)?", after)
        above = after.startswith("\n") and not after.startswith("\n\n")
        lines = c_lines(plain)
        new = plain
        if begin == 0:
            new = comment(lines, command="@file\n")
        elif before and not before.startswith("#endif"):
            new = comment(lines, opening="/**<")
        elif lines[0].startswith("---- "):
            new = groups.begin(plain)
        elif above and macros and macros.group(2):
            # A bound stands between a struct and its comment.
            new = macros.group(1) + comment(lines) + "\n"
            end += macros.end(1)
        elif above and macros and ("/*" in macros.group(1) or macros.group(1).count("#define ") > 1):
            new = "/** @name {}\n{}\n@{{ */".format(*title_and_text(" ".join(lines)))
            list_end = end + macros.end(1)
        elif above:
            new = comment(lines)
        out.append(text[at:begin] + new)
        at = end
    result = "".join(out)
    # The names before the first heading are a group too; the last group ends with the header.
    result = result.replace("#define BELFRY_PLUGIN_MAGIC", "/** @defgroup c_basics Version and helpers\n@{ */\n#define BELFRY_PLUGIN_MAGIC", 1)
    first, *others = re.split(r"(?=/\*\* @defgroup c_(?!basics))", result, maxsplit=1)
    closing = "#ifdef __cplusplus\n}\n#endif"
    return (first + "/** @} */ " + "".join(others)).replace(closing, groups.end() + "\n" + closing)


# ---- C++ -----------------------------------------------------------------------------------------------------------------------

TOKEN = re.compile(
    r"(?P<directive>^[ \t]*\#(?:\\\n|[^\n])*)"
    r"|(?P<comment>//[^\n]*)"
    r'|(?P<text>/\*.*?\*/|R"(?P<mark>\w*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\d[\w\'.]*|\'(?:\\.|[^\'\\\n])+\')'
    r"|(?P<label>\b(?:public|private|protected)[ ]*:(?!:))"
    r"|(?P<brace>[{};])|(?P<space>\s+)|(?P<word>\w+|[^\w\s])",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


def without_template(head):
    """A declaration without its `template <...>` and attributes."""
    head = head.strip()
    while head.startswith("template"):
        depth = 0
        for i, c in enumerate(head):
            depth += (c == "<") - (c == ">")
            if c == ">" and depth == 0:
                head = re.sub(r"^\s*requires [^;{]*?>(?=\s)", "", head[i + 1 :]).strip()
                break
        else:
            return head
    return re.sub(r"^(?:\[\[[^\]]*\]\]\s*)+", "", head)


def uses_detail(head):
    """Whether a declaration needs the namespace detail, other than for a parameter with a default."""
    return "detail::" in re.sub(r"(?:const )?detail::\w+[*&]* \w+ = \w+", "", head)


class Cpp:
    def __init__(self, text):
        self.text = text
        self.tokens = list(TOKEN.finditer(text))
        self.out = []  # pieces; the declaration in progress begins at self.declaration
        self.declaration = 0
        self.head = ""
        self.scopes = []  # first words of the braces around
        self.at = 0

    def matching(self, index):
        """The index of the brace that closes the one at `index`."""
        depth = 0
        for i in range(index, len(self.tokens)):
            token = self.tokens[i].group()
            depth += (token == "{") - (token == "}")
            if depth == 0:
                return i
        raise ValueError("unbalanced braces")

    def end_declaration(self):
        if uses_detail(self.head):
            del self.out[self.declaration :]
        self.next_declaration()

    def next_declaration(self):
        self.head = ""
        self.declaration = len(self.out)

    def take_comment(self):
        """A run of comments that stand alone; documents the declaration below, if there is no empty line between."""
        lines, space = [], "\n"
        while self.at < len(self.tokens) and self.tokens[self.at].lastgroup == "comment" and space.count("\n") == 1:
            lines.append(self.tokens[self.at].group()[2:].removeprefix(" ").rstrip())
            space = self.tokens[self.at + 1].group() if self.at + 1 < len(self.tokens) else ""
            self.at += 2
        above = space.count("\n") == 1 and self.at < len(self.tokens) and self.tokens[self.at].group() != "}"
        if not self.out:
            if not any("Internal:" in line for line in lines):
                self.out.append(comment(lines, language="cpp", command="@file\n") + space)
            self.next_declaration()
        elif above:
            self.out.append(comment(lines, language="cpp") + space)

    def code_before(self, token):
        """The line of the token, up to it."""
        return self.text[self.text.rfind("\n", 0, token.start()) + 1 : token.start()].strip()

    def trailing(self, token):
        """A comment behind a declaration on the same line."""
        code, lines = self.code_before(token), [token.group()[2:].strip()]
        if code in ("}", "};") or code.endswith((":", "{")):
            return
        if not re.match(r"(enum|struct|class)\b.*};$", code):
            self.out.append(comment(lines, opening="/**<", language="cpp"))
            return
        # Behind a whole type, Doxygen would take it for a comment on the last member.
        before, line = re.fullmatch(r"(.*\n)(.*)", "".join(self.out), re.DOTALL).groups()
        self.out = [before + comment(lines, language="cpp") + " " + line]
        self.next_declaration()

    def run(self):
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            kind, text = token.lastgroup, token.group()
            if kind == "comment":
                if not self.code_before(token) and not self.head.strip():
                    self.take_comment()
                    continue
                if not self.head.strip() or self.scopes[-1:] == ["enum"]:
                    self.trailing(token)
                self.at += 1
            elif kind in ("directive", "label"):
                self.out.append(text)
                self.at += 1
                self.next_declaration()
            elif text == "{":
                self.open_brace()
            elif text in (";", "}"):
                self.out.append(text)
                self.at += 1
                if text == "}":
                    self.scopes.pop()
                    self.next_declaration()
                else:
                    self.end_declaration()
            else:
                if kind != "space" or self.head:
                    self.head += " " if kind == "space" else text
                self.out.append(text)
                self.at += 1
        return "".join(self.out)

    def open_brace(self):
        head = without_template(self.head)
        close = self.matching(self.at)
        namespace = re.match(r"(?:inline )?namespace\s*([\w:]*)", head)
        if namespace and namespace.group(1).split("::")[-1] == "detail":
            del self.out[self.declaration :]
            self.at = close + 1
            self.next_declaration()
        elif namespace or head.startswith("extern") or re.match(r"(class|struct|union|enum)\b", head):
            base = r"\s*(?:(?:public|private|protected) )?detail::\w+"
            declaration = re.sub(rf",{base}|:{base}(?=\s*$)", "", "".join(self.out[self.declaration :]))
            self.out[self.declaration :] = [declaration, "{"]
            self.scopes.append(head.split()[0])
            self.at += 1
            self.next_declaration()
        elif "(" in head and head.count("(") == head.count(")"):
            self.out.append("{}")
            self.at = close + 1
            self.end_declaration()
        else:
            initializer = "".join(part.group() for part in self.tokens[self.at : close + 1] if part.lastgroup != "comment")
            self.out.append(initializer)
            self.head += initializer
            self.at = close + 1


# ---- Pages ---------------------------------------------------------------------------------------------------------------------


def slug_of(title):
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def page_name(path):
    return "index" if path.name == "README.md" else path.stem.replace("-", "_")


def filter_page(text, path):
    page = page_name(path)

    def anchor(match):
        hashes, title = match.groups()
        if hashes == "#":
            return match.group() if page == "index" else f"{match.group()} {{#{page}}}"
        return f"{match.group()} {{#{page}-{slug_of(title)}}}"

    def link(match):
        words, target = match.groups()
        file, _, part = target.partition("#")
        name = page_name(path.parent / file) if file else page
        return f"[{words}](@ref {name}{'-' + part if part else ''})"

    def code(match):
        name = match.group(1)
        return f"<code>\\ref {name}</code>" if name in MACROS | STRUCTS else match.group()

    pieces = re.split(r"(?ms)(^```.*?^```$)", text)
    for i in range(0, len(pieces), 2):
        piece = re.sub(r"(?m)^(#+) (.*)$", anchor, pieces[i])
        piece = re.sub(r"\[([^\]]*)\]\(((?!https?:)[^)]*\.md(?:#[^)]*)?|#[^)]*)\)", link, piece)
        pieces[i] = re.sub(r"(?<!`)`([^`\n]+)`(?!`)", code, piece)
    return "".join(pieces)


def main(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return filter_page(text, path)
    if path.suffix == ".h":
        return filter_c(text)
    return Cpp(text).run() if path.suffix == ".hpp" else text


if __name__ == "__main__":
    sys.stdout.write(main(Path(sys.argv[1])))
