#!/usr/bin/python3
"""Checks the lines of the unit and of the packages that the gateway relies on, each with its reason, and that every file which the unit,
the maintainer scripts and the configuration name is one that the packages install.

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


# ---- the files that scripts name, and those that the packages install ----

# Files with install() commands.
INSTALLING = ["packaging/CMakeLists.txt", "packaging/cmake/BelfryTargets.cmake", "packaging/cmake/BelfryBundled.cmake",
              "packaging/cmake/BelfryInstall.cmake", "core/CMakeLists.txt", "sdk/CMakeLists.txt"]  # fmt: skip
# Files that name installed files: patterns.
NAMING = ["packaging/deb/belfry.*", "packaging/deb/rules", "packaging/rpm/belfry.spec", "packaging/systemd/*", "packaging/manual/man_page.py",
          "config/*.yaml", "config/*.json", "config/conf.d/*", "config/examples/*"]  # fmt: skip
# Files that name scripts of the sources.
BUILDING = ["packaging/deb/rules", "packaging/deb/build", "packaging/rpm/belfry.spec", "packaging/rpm/build", "packaging/tarball/build",
            "packaging/build", "packaging/CMakeLists.txt", "check", ".ci/run"]  # fmt: skip
VARIABLES = {
    "CMAKE_INSTALL_BINDIR": "bin", "CMAKE_INSTALL_FULL_BINDIR": "/usr/bin", "CMAKE_INSTALL_LIBEXECDIR": "libexec", "CMAKE_INSTALL_DATADIR": "share",
    "CMAKE_INSTALL_DOCDIR": "share/doc/belfry", "CMAKE_INSTALL_MANDIR": "share/man", "CMAKE_INSTALL_INCLUDEDIR": "include",
    "CMAKE_INSTALL_FULL_SYSCONFDIR": "/etc",
    "_prefix": "/usr", "_bindir": "/usr/bin", "_libexecdir": "/usr/libexec", "_datadir": "/usr/share", "_sysconfdir": "/etc",
}  # fmt: skip
INSTALLED_PATH = re.compile(r"(?<![\w.%{}@/-])/(?:usr/(?:bin|libexec)/[\w./-]*|usr/(?:lib|share)/belfry[\w./-]*|etc/belfry(?:/[\w./-]*)?)")
SOURCE_PATH = re.compile(r"(?<![\w./-])packaging/[\w./-]*\w")
IS_A_PROGRAM = re.compile(r"/usr/(bin|libexec)/")


def expanded(text, variables):
    """`text` with ${NAME}, @NAME@ and %{NAME} replaced, as far as they are known."""

    def value(match):
        return variables.get(next(filter(None, match.groups())), match[0])

    return re.sub(r"\$\{(\w+)\}|@(\w+)@|%\{(\w+)\}", value, text)


def installed_files(cmake):
    """{path: whether it is executable} of all install() commands in the texts; a directory ends in a slash."""
    variables = dict(VARIABLES)
    for name, value in re.findall(r'(?m)^set\((\w+) "?([^"\s)]+)', cmake):
        variables.setdefault(name, expanded(value, variables))
    found = {}
    for arguments in re.findall(r"(?m)^ *install\(([^)]*)\)", cmake):
        kind, *words = expanded(arguments, variables).replace('"', "").split()
        if kind not in ("FILES", "PROGRAMS", "DIRECTORY", "TARGETS") or "DESTINATION" not in words:
            continue
        at = words.index("DESTINATION")
        where = "/usr/" + words[at + 1] if not words[at + 1].startswith("/") else words[at + 1]
        names = [Path(word).name for word in words[:at] if word not in ("RUNTIME", "LIBRARY", "PROGRAMS")]
        if "RENAME" in words:
            names = [words[words.index("RENAME") + 1]]
        for name in names:
            found[f"{where}/{name}" + "/" * (kind == "DIRECTORY")] = kind in ("PROGRAMS", "TARGETS")
    return found


def problems_of_names(text, installed):
    """Paths in a script, a unit or a configuration that no package installs, or that are not executable although they are programs."""
    for path in sorted({match.rstrip("/.") for match in INSTALLED_PATH.findall(expanded(text, VARIABLES))}):
        if "belfry" not in path:
            continue  # of another package
        is_inside = any(path.startswith(file) or path + "/" == file for file in installed if file.endswith("/"))
        is_above = any(file.startswith(path + "/") for file in installed)
        if not (path in installed or is_inside or is_above):
            yield f"{path} is not installed by any package; correct the name, or add it to {INSTALLING[0]}"
        elif IS_A_PROGRAM.match(path) and path in installed and not installed[path]:
            yield f"{path} is installed without the permission to execute it; use install(PROGRAMS ...)"


def problems_of_scripts(text, root):
    """Files of the sources that do not exist."""
    for path in sorted(set(SOURCE_PATH.findall(re.sub(r"(?m)^ *#.*", "", text)))):
        if not (root / path).exists():
            yield f"{path} does not exist"


def problems_of_paths(root, changed=None):
    """`changed`: {file: text} to use instead of the files."""

    def read(file):
        return (changed or {}).get(file) or (root / file).read_text()

    installed = installed_files("\n".join(read(file) for file in INSTALLING))
    for pattern in NAMING:
        for file in sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_file()):
            yield from (f"{file}: {problem}" for problem in problems_of_names(read(file), installed))
    for file in BUILDING:
        yield from (f"{file}: {problem}" for problem in problems_of_scripts(read(file), root))


FILES = {UNIT: problems_of_unit, "packaging/deb/control": problems_of_control, "packaging/rpm/belfry.spec": problems_of_spec}


def main(root):
    found = [f"{file}: {problem}" for file, problems in FILES.items() for problem in problems((root / file).read_text())]
    found += problems_of_paths(root)
    print("\n".join(found) or "the unit and the packages have what the gateway relies on")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
