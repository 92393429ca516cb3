"""What a run of the bench prints about the figures of docs/bench.md."""

import pytest

from bench import before
from bench.table import Line


def line(what, result):
    return Line(what, "1", "2", result, ">= 1", True)


@pytest.fixture
def document(tmp_path, monkeypatch):
    path = tmp_path / "bench.md"
    path.write_text(
        "# Bench\n\n| measured | site | reference | result | goal | |\n"
        "|---|---|---|---|---|---|\n"
        "| page | 1/s | 2/s | 0.80 | >= 0.8 | met |\n"
        "| latency | 20 ms | 10 ms | 10.0 ms | <= 10 | met |\n"
        "| a table of another kind | x |\n"
    )
    monkeypatch.setattr(before, "DOCUMENT", path)


@pytest.mark.parametrize(
    ("what", "result", "said"),
    [
        ("page", "1.00", "page: 1.00 (before: 0.80, +25 %)"),
        ("latency", "8.0 ms", "latency: 8.0 ms (before: 10.0 ms, -20 %)"),
        ("new", "3", "new: 3, not in docs/bench.md yet"),
        ("page", "-", "page: - (before: 0.80)"),
    ],
)
def test_each_line_says_how_it_differs(document, what, result, said):
    assert before.changes([line(what, result)]) == [said]


def test_the_document_has_figures_that_can_be_compared():
    figures = before.recorded()

    assert len(figures) > 20
    assert "measured" not in figures
