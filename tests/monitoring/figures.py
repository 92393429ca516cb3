"""Read the page /metrics."""

from prometheus_client.parser import text_string_to_metric_families


def samples(text):
    """Return the figures on the page: (name, its labels) → value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(text, name, **labels):
    """Return the sum of a figure over all labels that are not named."""
    return sum(
        value
        for (found, others), value in samples(text).items()
        if found == name and labels.items() <= dict(others).items()
    )


class Page:
    """The page, as a private address sees it, compared with its former state."""

    def __init__(self, client):
        self._client = client
        self._before = self._text()

    def _text(self):
        return self._client.get("/metrics").text

    def grew(self, name, **labels):
        """Return by how much a figure grew since the beginning of the test."""
        return total(self._text(), name, **labels) - total(self._before, name, **labels)

    def now(self, name, **labels):
        """Return a figure."""
        return total(self._text(), name, **labels)
