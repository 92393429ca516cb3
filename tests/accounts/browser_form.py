"""What a browser sends of a page that was opened and sent again, untouched."""

from html.parser import HTMLParser

UNSENT = {"submit", "button", "image", "reset", "file"}


class Form(HTMLParser):
    """The values of the inputs of a page, as HTML says that browsers send them.

    Args:
        html: the page, or the inputs alone.
    """

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.values: dict[str, list[str]] = {}
        self.attributes: dict[str, dict[str, str | None]] = {}
        self._area: str | None = None
        self._text = ""
        self._select: str | None = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        name = attributes.get("name")
        if name:
            self.attributes[name] = attributes
        if tag == "option" and self._select and "selected" in attributes:
            self._add(self._select, attributes.get("value") or "")
        if not name or "disabled" in attributes:
            return
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area, self._text = name, ""
        elif tag == "input":
            self._input(name, attributes)

    def handle_data(self, data):
        self._text += data

    def handle_endtag(self, tag):
        if tag == "select":
            self._select = None
        if tag == "textarea" and self._area:
            # The first line break of an area is left out.
            text = self._text.replace("\r\n", "\n").replace("\r", "\n")
            text = text.removeprefix("\n").replace("\n", "\r\n")
            self._add(self._area, text)
            self._area = None

    def _input(self, name, attributes):
        kind = attributes.get("type") or "text"
        value = attributes.get("value") or ""
        if kind in UNSENT or (
            kind in {"checkbox", "radio"} and "checked" not in attributes
        ):
            return
        if kind == "checkbox":
            value = attributes.get("value") or "on"
        if kind in {"datetime-local", "time"} and value.count(":") == 2:
            # The shortest form.
            value = value.removesuffix(":00")
        self._add(name, value.replace("\r", "").replace("\n", ""))

    def _add(self, name, value):
        self.values.setdefault(name, []).append(value)
