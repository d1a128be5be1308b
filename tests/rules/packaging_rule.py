#!/usr/bin/python3
"""Checks the lines of the unit and of the packages that the gateway relies on, each with its reason.

usage: packaging_rule.py SOURCE_DIR
"""
import re
import sys
from pathlib import Path

UNIT = "packaging/systemd/belfry.service.in"
# Settings of the unit: section, name, and the words or the value that it must have.
WORDS = [
    ("Unit", "Wants", {"network-online.target"}, "sinks are reached over the network"),
    ("Unit", "After", {"network-online.target", "nss-lookup.target"}, "sinks are reached over the network"),
    ("Unit", "After", {"time-set.target", "time-sync.target"}, "a clock that is set soon after the start is a step"),
    ("Service", "ExecStart", {"serve", "--config", "/etc/belfry/belfry.yaml"}, "without a file, requests from anyone would be accepted"),
    ("Service", "ExecReload", {"reload", "--config", "/etc/belfry/belfry.yaml"}, "as the start"),
]
VALUES = [
    ("Service", "Restart", "always", "a plugin may end the process with status 0"),
    ("Service", "LimitCORE", "0", "a core file contains secrets and the text of notifications"),
]
MAX_CONNECTIONS = 100_000  # of server.max_connections (core/config/sections/server.cpp)
RESERVE = 1_000  # descriptors for the admin listener, the sinks and the store (core/app/file_descriptor_limit.cpp)


def settings_of(text):
    """{(section, name): [values]} of a unit file."""
    found, section = {}, None
    for line in text.splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif assignment := re.match(r"(\w+)=(.*)", line):
            found.setdefault((section, assignment[1]), []).append(assignment[2])
    return found


def problems_of_unit(text):
    settings = settings_of(text)
    for section, name, words, why in WORDS:
        missing = words - set(" ".join(settings.get((section, name), [])).split())
        if missing:
            yield f"[{section}] {name}= lacks {' '.join(sorted(missing))}: {why}"
    for section, name, value, why in VALUES:
        if settings.get((section, name)) != [value]:
            yield f"[{section}] {name}= must be {value}: {why}"
    limit = settings.get(("Service", "LimitNOFILE"), ["0"])[-1]
    if not limit.isdigit() or int(limit) < MAX_CONNECTIONS + RESERVE:
        yield f"[Service] LimitNOFILE= must be at least {MAX_CONNECTIONS + RESERVE}: enough for the maximum of server.max_connections"


def problems_of_control(text):
    """Problems of the package belfry in a debian/control file."""
    (package,) = [part for part in text.split("\n\n") if re.search(r"(?m)^Package: belfry$", part)]
    depends = re.search(r"(?m)^Depends:(.*(?:\n .*)*)", package)
    if not depends or "tzdata" not in re.split(r"[,\s]+", depends[1]):
        yield "Depends: lacks tzdata, for the time zones of quiet hours and digests"


def problems_of_spec(text):
    """Problems of the main package in a spec file."""
    main = text.split("\n%description", 1)[0]
    if not re.search(r"(?m)^Requires:\s+tzdata$", main):
        yield "Requires: lacks tzdata, for the time zones of quiet hours and digests"


FILES = {UNIT: problems_of_unit, "packaging/deb/control": problems_of_control, "packaging/rpm/belfry.spec": problems_of_spec}


def main(root):
    found = [f"{file}: {problem}" for file, problems in FILES.items() for problem in problems((root / file).read_text())]
    print("\n".join(found) or "the unit and the packages have what the gateway relies on")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
