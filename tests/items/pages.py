"""What a browser does with the forms of pages."""

from html.parser import HTMLParser


class _Inputs(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = {}
        self._area = None

    def handle_starttag(self, tag, attrs):
        each = dict(attrs)
        if tag == "textarea":
            self._area = each["name"]
            self.found.setdefault(self._area, [""])
        if tag != "input" or "name" not in each:
            return
        if each.get("type") in {"checkbox", "radio"} and "checked" not in each:
            return
        self.found.setdefault(each["name"], []).append(each.get("value", ""))

    def handle_data(self, data):
        if self._area:
            (text,) = self.found[self._area]
            self.found[self._area] = [text + data.removeprefix("\n")]

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = None


def inputs(page):
    """Return what a browser would send of a page that was not touched."""
    parser = _Inputs()
    parser.feed(page.content.decode())
    ignored = {"csrfmiddlewaretoken"}
    return {name: sent for name, sent in parser.found.items() if name not in ignored}


def opened(browser, path, **typed):
    """Open a form, fill it in, and return what the browser is going to send."""
    return inputs(browser.get(path)) | typed
