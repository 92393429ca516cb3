"""Serve the files of the operator's look, without a session and a query."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from .brand_files import TYPES
from .branding import branding
from .health import for_machines

FOR_EVER = "public, max-age=31536000, immutable"
FOR_NOW = "public, max-age=300"
# An SVG that is opened by itself runs no script.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@for_machines
@login_not_required
@require_safe
def brand_file(request, name):
    """Answer with a logo, the style sheet or the icon.

    An address of an older file gets the present one: mails are read for years, and
    during a restart two processes may differ for a moment.
    """
    stem, _, rest = name.partition(".")
    file = branding().files.get(stem)
    if file is None or not rest:
        raise Http404
    response = HttpResponse(file.content, content_type=TYPES[file.kind])
    response["Cache-Control"] = FOR_EVER if name == file.name else FOR_NOW
    response["Content-Security-Policy"] = POLICY
    # Pages of webmail show the logo, too.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
