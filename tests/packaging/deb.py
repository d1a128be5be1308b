"""The deb under test, its predecessor, and the files that it leaves behind."""
import os
import re
from pathlib import Path

from roots import package, run


def previous(directory):
    """$BELFRY_PREVIOUS_DEB; otherwise the same build with a lower version, which to the package manager is a predecessor."""
    if given := os.environ.get("BELFRY_PREVIOUS_DEB"):
        return Path(given)
    unpacked, file = Path(directory) / "unpacked", Path(directory) / "belfry_previous.deb"
    run("dpkg-deb", "--raw-extract", package("belfry"), unpacked)
    control = unpacked / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", "Version: 0.0.9-1", control.read_text()))
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", unpacked, file)
    return file


def traces(root):
    """Every path in the root that belongs to belfry, except in the package manager's and the journal's own records."""
    remembered = ("var/cache/apt", "var/lib/apt", "var/log", "var/cache/debconf", "root", "proc", "sys", "run/log")
    left = []
    for top, directories, files in os.walk(root.path):
        inside = os.path.relpath(top, root.path)
        directories[:] = [name for name in directories if os.path.normpath(os.path.join(inside, name)) not in remembered]
        left += [os.path.normpath(os.path.join(inside, name)) for name in directories + files if "belfry" in name]
    for name in ("passwd", "group", "shadow", "gshadow"):
        if "belfry" in (root.path / "etc" / name).read_text():
            left.append(f"etc/{name}")
    return sorted(left)
