"""Markdown and HTML of operators and customers, made harmless.

Directus stores both as they were typed, with scripts. Only the last step decides what
reaches a page: nh3, with short lists of what is allowed.
"""

import re
from html import escape, unescape

import nh3
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "dl", "dt"),
    *("em", "h2", "hr", "i", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "small"),
    *("strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
    *("u", "ul"),
}
ATTRIBUTES = {
    "a": {"href"},
    "abbr": {"title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
SCHEMES = {"http", "https", "mailto", "tel"}
# The site's own pages, but no other server: browsers read `\` as `/`.
ADDRESS = re.compile(r"(https?://|mailto:|tel:|/(?![/\\]))", re.IGNORECASE)
# They are replaced between two cleanings, so a mistake here can do no harm.
HEADINGS = {f"h{level}" for level in range(1, 7)}
HEADING = re.compile(r"<(/?)h[1-6]>")
IMAGE = re.compile(r'<img((?: [a-z]+="[^"]*")*)>')
ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')

_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def from_markdown(text: str) -> SafeString:
    """Return Markdown as harmless HTML; HTML in it is shown as text."""
    return from_html(_markdown.render(text))


def from_html(text: str) -> SafeString:
    """Return HTML without anything that runs, loads, or looks like the site itself.

    Pictures become links, because the site loads none from elsewhere. Headings become
    those below the heading of the page.
    """
    known = {**ATTRIBUTES, "img": {"src", "alt"}}
    first = nh3.clean(text, tags=TAGS | HEADINGS | {"img"}, attributes=known)
    replaced = IMAGE.sub(_link, HEADING.sub(r"<\1h2>", first))
    clean = nh3.clean(
        replaced,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes=SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308


def plain(html: str) -> str:
    """Return the text of harmless HTML in one line."""
    spaced = re.sub(r"(</(?:p|li|h2|td|th|pre|blockquote)>|<br>)", r" \1", html)
    return " ".join(unescape(strip_tags(spaced)).split())


def _kept(tag: str, name: str, value: str) -> str | None:
    if name == "href" and not ADDRESS.match(value.strip()):
        return None
    return value


def _link(image: re.Match[str]) -> str:
    found = dict(ATTRIBUTE.findall(image[1]))
    source = unescape(found.get("src", ""))
    text = unescape(found.get("alt", "")).strip() or source
    return f'<a href="{escape(source)}">{escape(text)}</a>'
