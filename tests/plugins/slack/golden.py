"""Reads the golden files as Slack would receive them."""
import json
import pathlib

BORDER = "-" * 80 + "\n"


def listed(text):
    """The blocks of a listing, in which "[section]" or the like is on a line of its own, followed by the text."""
    blocks = []
    for line in text.splitlines():
        if line == "[divider]":
            blocks.append({"type": "divider"})
        elif line == "[section]":
            blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": "", "verbatim": True}, "expand": True})
        elif line == "[context]":
            blocks.append({"type": "context", "elements": []})
        else:
            so_far = blocks[-1]["text"]["text"]
            blocks[-1]["text"]["text"] = so_far + "\n" + line if so_far else line
    return blocks


def posts(root):
    """Yields (name, blocks, text) of every golden file; text is None if it has none."""
    folder = pathlib.Path(root) / "tests/golden/slack"
    for file in sorted(folder.glob("*/*")):
        name, text = f"{file.parent.name}/{file.stem}", file.read_text(encoding="utf-8")
        made = text.split(BORDER, 1)[-1]
        if file.parent.name == "markdown":
            yield name, listed(made), None
        else:
            post = json.loads(made)["post"]
            yield name, post["blocks"], post["text"]
