"""/files and /assets, for the site itself alone and in its folders; and /fields.

The folders are that of profile pictures and one for each collection. Version 12 without
a licence takes no rules: there the site reaches every file.

`state.lacks` takes rights away: `directus_files.create`, `.read` and `.delete`.
"""

import json
import uuid
from dataclasses import dataclass, field

from accounts.directus.ids import DEFAULT, PICTURE_FOLDER

from . import answers
from .answers import Answer, data, nothing
from .asked import Asked, Caller
from .limits import limit_of
from .rights import Rights
from .state import State

CREATABLE = {"title", "filename_download", "type", "storage", "folder"}
# The presets that every Directus has.
PRESETS = {
    f"system-{size}-{fit}"
    for size in ("small", "medium", "large")
    for fit in ("cover", "contain")
}
PICTURES = {"image/png", "image/jpeg", "image/webp"}
READABLE = {"id", "title", "type", "filesize", "folder", "filename_download"}


@dataclass
class FakeFile:
    """A file and its row."""

    content: bytes = field(repr=False)
    filename_download: str
    type: str
    folder: str | None = None
    title: str | None = None
    storage: str = "local"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def filesize(self) -> str:
        """The size, which Directus sends as a text."""
        return str(len(self.content))


def create_file(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """POST /files, with one file in a form."""
    _check(state, caller, "create")
    assert asked.upload is not None, "the file is not in a form"
    values = dict(asked.upload.fields)
    for name in values:
        if name not in CREATABLE:
            raise answers.forbidden_field(name, "directus_files")
    if not _may_reach(state, values.get("folder", PICTURE_FOLDER)):
        raise answers.failed_validation("folder", "eq", valid=PICTURE_FOLDER)
    upload = asked.upload
    row = {"filename_download": upload.name, "type": upload.media_type} | values
    file = FakeFile(upload.content, **{"folder": PICTURE_FOLDER} | row)
    state.files[file.id] = file
    if "directus_files.read" in state.lacks:
        return nothing()
    return data({name: getattr(file, name) for name in _fields(asked)})


def get_file(state: State, asked: Asked, caller: Caller | None, file_id: str) -> Answer:
    """GET /files/<id>."""
    file = _find(state, caller, file_id, "read")
    return data({name: getattr(file, name) for name in _fields(asked)})


def list_files(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /files, with a filter of a folder, and of ids or the beginning of names."""
    _check(state, caller, "read")
    in_folder, rule = json.loads(asked.query["filter"])["_and"]
    ((column, condition),) = rule.items()
    ((operator, wanted),) = condition.items()
    fits = {"_in": lambda value: value in wanted}
    fits["_starts_with"] = lambda value: value.startswith(wanted)
    found = [
        file
        for file in state.files.values()
        if file.folder == in_folder["folder"]["_eq"]
        and _may_reach(state, file.folder)
        and fits[operator](getattr(file, column))
    ]
    page = found[: limit_of(state, asked)]
    return data([{n: getattr(file, n) for n in _fields(asked)} for file in page])


def delete_files(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """DELETE /files, with a list of ids."""
    for file_id in asked.json:
        _find(state, caller, file_id, "delete")
    for file_id in asked.json:
        delete_file(state, asked, caller, file_id)
    return nothing()


def get_asset(
    state: State, asked: Asked, caller: Caller | None, file_id: str
) -> Answer:
    """GET /assets/<id>: the bytes; `key` asks for a smaller picture."""
    file = _find(state, caller, file_id, "read")
    key = asked.query.get("key")
    if key and key not in PRESETS:
        raise answers.invalid_query(f'Key "{key}" isn\'t configured')
    if key and file.type in PICTURES and file.content.startswith(b"<"):
        raise answers.Refusal(400, "ILLEGAL_ASSET_TRANSFORMATION", "Illegal asset.")
    # Not smaller here; a file that is no picture is not in Directus either.
    return Answer(200, file.content, {"Content-Type": file.type})


def delete_file(
    state: State, asked: Asked, caller: Caller | None, file_id: str
) -> Answer:
    """DELETE /files/<id>."""
    _find(state, caller, file_id, "delete")
    del state.files[file_id]
    for collection in state.collections.values():
        for row in collection.rows:
            row |= dict.fromkeys((n for n, v in row.items() if v == file_id), None)
    return nothing()


def get_user_field(
    state: State, asked: Asked, caller: Caller | None, name: str
) -> Answer:
    """GET /fields/directus_users/<name>: for callers who may read the column."""
    Rights(state, caller).readable([name])
    if name not in state.user_fields:
        raise answers.forbidden()
    return data(state.user_fields[name])


def _find(state: State, caller: Caller | None, file_id: str, action: str) -> FakeFile:
    _check(state, caller, action)
    file = state.files.get(file_id)
    if file is None or not _may_reach(state, file.folder):
        raise answers.forbidden()
    return file


def _may_reach(state: State, folder: str | None) -> bool:
    folders = {PICTURE_FOLDER, *map(DEFAULT.items_folder, state.collections)}
    return folder in folders or not state.takes_rules


def _check(state: State, caller: Caller | None, action: str) -> None:
    is_site = caller is not None and caller.is_service
    if not is_site or f"directus_files.{action}" in state.lacks:
        raise answers.forbidden_collection("directus_files")


def _fields(asked: Asked) -> list[str]:
    names = asked.query["fields"].split(",")
    for name in names:
        if name not in READABLE:
            raise answers.forbidden_field(name, "directus_files")
    return names
