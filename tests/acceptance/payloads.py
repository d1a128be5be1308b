"""Coder payloads, recorded and generated."""
import json
import os
import uuid
from pathlib import Path

SOURCE = Path(os.environ.get("BELFRY_SOURCE_DIR", Path(__file__).resolve().parents[2]))


def fixtures():
    """(name, payload) of every payload in tests/fixtures/coder and in BELFRY_CODER_FIXTURES, each with a fresh msg_id."""
    folders = [SOURCE / "tests/fixtures/coder"]
    if os.environ.get("BELFRY_CODER_FIXTURES"):
        folders.append(Path(os.environ["BELFRY_CODER_FIXTURES"]))
    found = []
    for path in sorted(path for folder in folders for path in folder.glob("*.json")):
        payload = json.loads(path.read_text())
        found.append((f"{path.parent.name}/{path.stem}", payload | {"msg_id": str(uuid.uuid4())}))
    return found


def notification(email="bobby@coder.com", **members):
    """A payload in Coder's format with changed members: `...` removes one, "payload.x" is a member of the inner object, and title_markdown
    and body_markdown follow title and body."""
    inner = {
        "_version": "1.2",
        "notification_name": "Workspace Deleted",
        "notification_template_id": "f517da0b-cdc9-410f-ab89-a86107c420ed",
        "user_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, email)),
        "user_email": email,
        "user_name": "Bobby",
        "user_username": "bobby",
        "actions": [{"label": "View workspaces", "url": "http://127.0.0.1/workspaces"}],
        "labels": {"name": "dev", "reason": "autodeleted"},
        "data": None,
        "targets": None,
    }
    outer = {"_version": "1.1", "msg_id": str(uuid.uuid4()), "payload": inner}
    outer |= {"title": "Workspace \"dev\" deleted", "body": "Your workspace dev was deleted."}
    for name in ("title", "body"):
        text = members.get(name)
        outer[f"{name}_markdown"] = text if isinstance(text, str) else outer[name]
    for name, value in members.items():
        into, key = (inner, name.removeprefix("payload.")) if name.startswith("payload.") else (outer, name)
        if value is ...:
            del into[key]
        else:
            into[key] = value
    return outer
