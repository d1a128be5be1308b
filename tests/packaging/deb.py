"""The package to try, and the one before it."""
import os
import re
from pathlib import Path

from roots import package, run


def previous(directory):
    """$BELFRY_PREVIOUS_DEB; else the same build under a lower version, which the package manager treats alike."""
    if given := os.environ.get("BELFRY_PREVIOUS_DEB"):
        return Path(given)
    unpacked, file = Path(directory) / "unpacked", Path(directory) / "belfry_previous.deb"
    run("dpkg-deb", "--raw-extract", package("belfry"), unpacked)
    control = unpacked / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", "Version: 0.0.9-1", control.read_text()))
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", unpacked, file)
    return file


def traces(root):
    """Every path of the root that has to do with belfry, but for what the package manager and the journal remember."""
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
