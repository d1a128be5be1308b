#!/usr/bin/python3
"""Holds docs/reference/coder-events.md against payloads of Coder: every label of a payload is on the line of its event, and every event that
the page has under the payload's template id has that name.

usage: coder_events_rule.py SOURCE_DIR

Payloads: tests/fixtures/coder, and the directory in BELFRY_CODER_FIXTURES if it is set.
"""
import json
import os
import re
import sys
from pathlib import Path

PAGE = "docs/reference/coder-events.md"
NO_ID = "00000000-0000-0000-0000-000000000000"  # in payloads that Coder's own tests compare


def events_of(page):
    """[(names, labels, template id or None)] of the table."""
    events = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 4 or cells[0] in ("name", "---"):
            continue
        names = {name.strip("()") for name in cells[0].split("<br>")}
        events.append((names, set(re.findall(r"`([^`]+)`", cells[2])), cells[3].strip("`") or None))
    return events


def problems_of(payload, events):
    """Problems of the page with the member `payload` of a webhook."""
    name, template = payload.get("notification_name"), payload.get("notification_template_id")
    by_id = [event for event in events if template not in (None, NO_ID) and event[2] == template]
    found = by_id or [event for event in events if name in event[0]]
    if not found:
        return  # the page lists the events of Coder, and delivers others as well
    names, labels, _ = found[0]
    if name not in names:
        yield f"the event {template} is {name}, and the page has {' or '.join(sorted(names))}"
    for label in sorted(set(payload.get("labels") or {}) - labels):
        yield f"{name} has the label {label}, and the page has {', '.join(sorted(labels)) or 'none'}; add it to config/coder-events.yaml"


def payloads(root):
    directories = [root / "tests/fixtures/coder"]
    if extra := os.environ.get("BELFRY_CODER_FIXTURES"):
        directories.append(Path(extra))
    for directory in directories:
        for file in sorted(directory.glob("*.json")):
            document = json.loads(file.read_text())
            yield file, document.get("payload", document)


def main(root):
    events = events_of((root / PAGE).read_text())
    found, seen = [], 0
    for file, payload in payloads(root):
        seen += 1
        found += [f"{PAGE}: {problem} ({file.name})" for problem in problems_of(payload, events)]
    if not events or not seen:
        found.append(f"{PAGE}: {len(events)} events and {seen} payloads were read, wanted some of each")
    print("\n".join(found) or f"{len(events)} events agree with {seen} payloads")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
