"""A file of a row, for its owner alone.

The address names a row and a field, and of a list of files a digest. The id of the file
comes from the customer's own row, never from the request.
"""

from tempfile import SpooledTemporaryFile
from typing import Any
from urllib.parse import quote

from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.utils.cache import get_conditional_response
from django.utils.functional import cached_property
from django.utils.http import content_disposition_header

from accounts.directus import PICTURE_TYPES, DirectusAPIError, TryLater
from accounts.own_data import item_files

from .collection import Collection
from .file_lists import find_by_digest, is_file_list
from .files import as_id, is_file, row_is_trusted
from .uploads import KINDS, cleaned_title, ending_of

# Longer files are on the disk while they are sent.
IN_MEMORY = 256 * 1024
# The presets for pictures that every Directus has, by `?size=`.
SIZES = {
    "small": "system-small-contain",
    "medium": "system-medium-contain",
    "large": "system-large-contain",
}
ENDINGS = {kind.media_type: kind.ending for kinds in KINDS.values() for kind in kinds}
UNKNOWN = "application/octet-stream"
PLACEHOLDER = "file.svg"
# Browsers style the page that they make around a picture.
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


class FileMixin:
    """Makes of a view over one row that of its files.

    `?size=` asks for a smaller version of a picture. Browsers show pictures alone; they
    save any other file.
    """

    collection: Collection
    described: Any
    get_query: Any
    key: Any
    request: Any
    kwargs: dict[str, Any]

    action = "file"
    http_method_names = ["get", "head"]

    def get(self, request, *args, **kwargs):
        """Return the file, or 304 if the browser has it."""
        try:
            return self._answer(request)
        except TryLater:
            if not self._preset:
                raise
            return HttpResponseRedirect(static(PLACEHOLDER))

    def _answer(self, request):
        etag = f'"{self.file_id}{self._preset}"'
        response = get_conditional_response(request, etag=etag)
        response = response or self._read(request)
        if response.status_code in {200, 304}:
            response["ETag"] = etag
            response["Cache-Control"] = "private, max-age=0, must-revalidate"
        return response

    @cached_property
    def file_id(self):
        """The id in the customer's row. Raises Http404 if there is none."""
        name = self.kwargs["field"]
        has_file = self._is_list or is_file(self.described.get(name))
        if name not in self._names or not has_file:
            raise Http404
        query = self.get_query([name]).filter(self.collection.rule_for_key(self.key))
        row = query.first()
        found = as_id(self._chosen(row[name])) if row else None
        if found is None:
            raise Http404
        return found

    def _chosen(self, value):
        """Return the id of the file that the address means."""
        wanted = self.kwargs.get("digest")
        if not self._is_list:
            return value if wanted is None else None
        collection, field = self.collection.name, self.kwargs["field"]
        return find_by_digest(collection, self.key, field, value, wanted or "")

    @property
    def _is_list(self):
        return is_file_list(self.described.get(self.kwargs["field"]))

    @property
    def _names(self):
        collection = self.collection
        return {*collection.shown_fields, *collection.update_fields}

    @cached_property
    def _preset(self):
        size = self.request.GET.get("size", "")
        if size and size not in SIZES:
            raise Http404
        return SIZES.get(size, "")

    def _read(self, request):
        file = item_files.find(
            request,
            self.collection.name,
            self.file_id,
            trusts_row=self._is_list
            or row_is_trusted(self.collection, self.kwargs["field"]),
        )
        if file is None:
            raise Http404
        if request.method == "HEAD":
            return _with_headers(HttpResponse(), file, file.media_type)
        return self._download(request, file)

    def _download(self, request, file):
        content = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        try:
            kind = self._copy(request, file, content)
        except BaseException:
            content.close()
            raise
        # Closes it after the last byte.
        return _with_headers(FileResponse(content), file, kind)

    def _copy(self, request, file, content):
        try:
            kind = item_files.download(request, file, content, self._preset)
        except DirectusAPIError:
            # Deleted a moment ago, or no picture.
            raise Http404 from None
        if self._preset and kind not in PICTURE_TYPES:
            raise Http404
        return kind


def _with_headers(response, file, kind):
    is_picture = kind in PICTURE_TYPES
    response["Content-Type"] = kind if kind in ENDINGS else UNKNOWN
    response["Content-Disposition"] = _disposition(file, kind, is_inline=is_picture)
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _disposition(file, kind, *, is_inline):
    """Return the header with a name in both forms of RFC 6266."""
    title = file.title if item_files.owner_of(file) else file.name or file.title
    ending = ENDINGS.get(kind) or ending_of(title)
    name = cleaned_title(title) + (f".{ending}" if ending else "")
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    header = content_disposition_header(not is_inline, plain) or ""
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name)}"
