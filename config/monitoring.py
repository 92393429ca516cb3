"""The page `/metrics` for Prometheus, and the middleware that measures requests."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from time import perf_counter
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from accounts.core import outbox
from accounts.sync import checkpoint

from . import __version__, health, metrics

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# For requests that no view answers: those that no address of the site matches, and
# those that a middleware refuses.
NO_VIEW = "none"
STATIC = "static"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class MetricsMiddleware:
    """Count each request, and measure the time until its answer begins."""

    def __init__(self, get_response):
        self.get_response = get_response
        self._static = f"/{settings.STATIC_URL.lstrip('/')}"

    def __call__(self, request):
        began = perf_counter()
        response = self.get_response(request)
        seconds = perf_counter() - began
        view = self._view_of(request)
        figures = _figures(view, request.method, response.status_code)
        figures.add_one()
        figures.observe(seconds)
        return response

    def _view_of(self, request: HttpRequest) -> str:
        match = request.resolver_match
        if match is not None:
            return match.view_name
        return STATIC if request.path_info.startswith(self._static) else NO_VIEW


class _Figures(NamedTuple):
    """What is done for each request of a view."""

    add_one: Callable[[], None]
    observe: Callable[[float], None]


# The library's own way to a labelled figure takes longer than to count.
@lru_cache(maxsize=4096)
def _figures(view: str, method: str, status: int) -> _Figures:
    known = method if method in METHODS else "other"
    return _Figures(
        metrics.REQUESTS.labels(view, known, status).inc,
        metrics.REQUEST_SECONDS.labels(view).observe,
    )


@health.for_machines
@login_not_required
def show(request):
    """Show a private address the figures of all workers."""
    health.require_private_address(request)
    registry = CollectorRegistry()
    registry.register(_AtScrape())
    if FOLDER in os.environ:
        MultiProcessCollector(registry)
    else:
        registry.register(REGISTRY)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _AtScrape(Collector):
    """Figures that no process counts: they are read when Prometheus asks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the figures; those of the database only when it answers."""
        yield _build()
        for name, is_there in health.answers().items():
            text = f"Whether {name} answers this site."
            yield GaugeMetricFamily(f"site_{name}_up", text, value=is_there)
        try:
            found = [*_mails(), *_sync()]
        except Error:
            return
        yield from found


def _build() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "site_build_info", "The version of the site.", labels=["version"]
    )
    family.add_metric([__version__], 1)
    return family


def _mails() -> Iterator[GaugeMetricFamily]:
    queue = outbox.queue()
    text = "Mails that wait for the mail server."
    yield GaugeMetricFamily("site_mails_waiting", text, value=queue.waiting)
    text = "The age of the mail that waits longest; 0 when none waits."
    age = 0.0 if queue.since is None else _age(queue.since)
    yield GaugeMetricFamily("site_oldest_mail_age_seconds", text, value=age)


def _sync() -> Iterator[GaugeMetricFamily]:
    ended_at = checkpoint.last_end()
    if ended_at is not None:
        text = "The time since directus_sync last finished with all users."
        age = _age(ended_at)
        yield GaugeMetricFamily("site_last_sync_age_seconds", text, value=age)


def _age(since: datetime) -> float:
    return (timezone.now() - since).total_seconds()
