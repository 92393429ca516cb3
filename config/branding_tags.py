"""Template tags of the operator's look."""

import re

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from .branding import branding

register = template.Library()

MARKED = re.compile(r"\[([^\[\]]+)\]")


@register.filter(is_safe=True)
def support_link(text: str) -> SafeString:
    """Make the words in square brackets a link to support, where there is an address.

    Args:
        text: such as "You can't do this here. [Contact support]."
    """
    email = branding().support_email
    start = format_html('<a href="mailto:{}">', email) if email else ""
    end = "</a>" if email else ""
    html = MARKED.sub(rf"{start}\1{end}", conditional_escape(text))
    # The text is escaped above, and the address by format_html.
    return SafeString(html)
