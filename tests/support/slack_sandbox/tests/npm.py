"""Installs npm packages for tests into the build tree; if that is impossible, the test is skipped with the reason."""
import os
import shutil
import subprocess
import unittest
from pathlib import Path


def npm_packages(*wanted: str) -> Path:
    """The node_modules directory that contains the packages, given as "@slack/socket-mode@3.1.0"."""
    if not shutil.which("npm"):
        raise unittest.SkipTest("npm is not installed")
    build = Path(os.environ.get("BELFRY_BUILD_DIR", Path(__file__).resolve().parents[4] / "build/release"))
    directory = build / "npm" / "-".join(name.strip("@").replace("/", "-").replace("@", "-") for name in wanted)
    done = directory / "installed"
    if not done.exists():
        directory.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--prefix", directory, "--no-save", "--no-audit", "--no-fund", "--fetch-retries=1", *wanted]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=90, cwd=directory)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
            words = (problem.stderr or b"").decode(errors="replace").strip().splitlines()
            raise unittest.SkipTest(f"npm cannot install {', '.join(wanted)}: {words[-1] if words else problem}") from None
        done.touch()
    return directory / "node_modules"
