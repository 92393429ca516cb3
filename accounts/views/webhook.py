"""Receive messages of Directus' Flow about changed users."""

from typing import Any

from django.http import Http404, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from accounts.core import audit, clients
from accounts.sync import webhook
from accounts.throttling.limits import (
    WEBHOOK_CALLS,
    WEBHOOK_REFUSALS,
    Attempt,
    Limit,
    Throttled,
)
from accounts.throttling.once import WEBHOOK_MESSAGES, Once
from accounts.web import client_address
from config.request import Request

from .mixins import PublicMixin


# The signature authenticates the message; no browser sends it.
@method_decorator(csrf_exempt, name="dispatch")
class DirectusWebhookView(PublicMixin, View):
    """Accepts signed messages; answers 404 without a secret."""

    request: Request
    http_method_names = ["post"]

    def post(self, request):
        """Check and follow a message."""
        arrived_at = timezone.now()
        if not clients.webhook_secret():
            raise Http404
        if request.content_type != "application/json":
            return _answer(415, "only application/json is taken")
        signature = request.headers.get("X-Webhook-Signature", "")
        timestamp = request.headers.get("X-Webhook-Timestamp", "")
        if not webhook.is_genuine(request.body, timestamp, signature):
            return self._refuse()
        try:
            message = webhook.Message.from_body(request.body)
        except (ValueError, RecursionError):
            audit.record("webhook.unreadable", request)
            return _answer(400, "unreadable")
        if webhook.is_own_doing(message):
            # Neither counted nor noted: one for each user, and repetitions do no harm.
            webhook.end_earlier(message, arrived_at)
            return _answer(200, "own doing")
        if not Once(WEBHOOK_MESSAGES, signature).is_first():
            audit.record("webhook.repeated", request, directus_event=message.event)
            return _answer(200, "known already")
        return self._follow(message, arrived_at)

    def _follow(self, message, arrived_at):
        facts: dict[str, Any] = {
            "directus_event": message.event,
            "users": len(message.directus_ids),
        }
        try:
            _count(WEBHOOK_CALLS, "directus")
        except Throttled as error:
            webhook.put_off(message, arrived_at)
            audit.record("webhook.put_off", self.request, **facts)
            return _answer(429, "put off", error.retry_after)
        outcome = webhook.follow(message, arrived_at)
        audit.record("webhook.followed", self.request, **facts | outcome.facts())
        return _answer(200, "followed")

    def _refuse(self):
        address = client_address.bucket(self.request.client_address)
        try:
            _count(WEBHOOK_REFUSALS, address)
        except Throttled as error:
            return _answer(429, "too many attempts", error.retry_after)
        audit.record("webhook.refused", self.request)
        return _answer(401, "the signature is missing, wrong or too old")


def _count(limit: Limit, subject: str) -> None:
    Attempt(limit, subject).take()


def _answer(status: int, result: str, retry_after: int | None = None) -> JsonResponse:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JsonResponse({"result": result}, status=status, headers=headers)
