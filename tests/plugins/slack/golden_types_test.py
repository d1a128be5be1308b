"""The blocks in the golden files match Slack's own types for Node.js: `tsc --strict` with `KnownBlock` of @slack/types.

usage: golden_types_test.py WORK_DIRECTORY ROOT

Installs both packages with npm into WORK_DIRECTORY, once. Exits with 77, and the reason, if npm is missing or cannot fetch them.
"""
import json
import pathlib
import re
import subprocess
import sys

from golden import posts

PACKAGES = {"@slack/types": "3.2.0", "typescript": "5.9.3"}
WORK, ROOT = pathlib.Path(sys.argv[1]), sys.argv[2]
UNREACHABLE = re.compile(r"npm (error|ERR!) (code )?(ENOTFOUND|ECONN\w+|ETIMEDOUT|EAI_AGAIN|ERR_SOCKET_TIMEOUT|E5\d\d|ENOTCACHED)|network")
MISTAKES = {  # each must be found, or the check is ineffective
    "a header of mrkdwn": {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
    "an unknown block": {"type": "headline"},
    "a button without text": {"type": "actions", "elements": [{"type": "button", "url": "x"}]},
    "a word for a flag": {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "expand": "yes"},
}


def installed(name, version):
    try:
        return json.loads((WORK / "node_modules" / name / "package.json").read_text())["version"] == version
    except (OSError, KeyError, ValueError):
        return False


def install():
    if all(installed(*package) for package in PACKAGES.items()):
        return
    WORK.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    command += ["--fetch-retries=1", "--prefix", str(WORK), *(f"{name}@{version}" for name, version in PACKAGES.items())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    except FileNotFoundError:
        skip("npm is not installed")
    except subprocess.TimeoutExpired:
        skip("npm does not get an answer")
    if done.returncode and UNREACHABLE.search(done.stderr):
        skip("npm can fetch nothing: " + done.stderr.strip().splitlines()[0])
    if done.returncode:
        sys.exit(done.stderr)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def compiled(name, source):
    (WORK / f"{name}.ts").write_text('import type { KnownBlock } from "@slack/types";\n' + source, encoding="utf-8")
    command = ["node", "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", f"{name}.ts"]
    return subprocess.run(command, cwd=WORK, capture_output=True, text=True)


def constant(index, blocks):
    return f"export const b{index}: KnownBlock[] = {json.dumps(blocks)};\n"


def main():
    install()
    golden = [(name, blocks) for name, blocks, _ in posts(ROOT)]
    assert len(golden) > 50, golden
    done = compiled("golden", "".join(f"// {name}\n{constant(index, blocks)}" for index, (name, blocks) in enumerate(golden)))
    if done.returncode:
        sys.exit(done.stdout)
    refused = compiled("mistakes", "".join(constant(index, [block]) for index, block in enumerate(MISTAKES.values())))
    lines = {int(line) - 2 for line in re.findall(r"^mistakes\.ts\((\d+),", refused.stdout, re.MULTILINE)}
    assert lines == set(range(len(MISTAKES))), refused.stdout
    print(f"{len(golden)} messages have the types of @slack/types {PACKAGES['@slack/types']}")


main()
