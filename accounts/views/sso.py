"""Sign in, or re-authenticate, with a provider: the pages between the two ends.

    start ──► the provider's page ──► callback ──► the next page
                        ▲                │ Directus wants a one-time code
                        └──── code ◄─────┘

The provider's answer stands in the address of the callback. That view takes it out of
the request at once, and always redirects, so no page has it in its address.
"""

import json
import logging
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import authenticate
from django.db import Error
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import View

from accounts.core import audit, sign_in_ways
from accounts.directus import DirectusError, InvalidOTP, NotFound, TryLater
from accounts.flows import sso, sso_again, sso_attempts, sso_code
from accounts.flows.sso import Answered
from accounts.flows.sso_attempts import Waiting
from accounts.forms.sign_in import CODE_NOT_VALID, CodeForm
from accounts.throttling.limits import SSO_CODE_TRIES, Attempt, Throttled
from accounts.web import kept
from accounts.web.next_page import local_page
from config import errors
from config.outages import is_database_away
from config.request import AuthenticatedRequest, Request

from .mixins import OnlyVisitorsMixin, PublicMixin, SiteFormView
from .reauthentication import say_if_nothing_was_done
from .sign_in import NOT_ACCEPTED, begin_session
from .sso_problems import problem_of, problem_page, problem_url

logger = logging.getLogger(__name__)

ANSWERS = ("code", "state", "iss", "error")
# In bytes of a query; the server reads lines of up to 4094 bytes.
LONGEST_ANSWER = 3500


# The button belongs to the form for the password.
@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class SsoStartView(PublicMixin, OnlyVisitorsMixin, View):
    """Begin to sign in with a provider."""

    http_method_names = ["get", "post", "options"]

    def get(self, request, provider):
        """Begin nothing: lead to the button, as after an outage or a reload."""
        return redirect("accounts:login")

    def post(self, request, provider):
        """Send the browser to the provider's page."""
        next_page = local_page(request.POST.get("next", ""))
        is_kept = "remember" in request.POST
        response = go_to_provider(request, provider, next_page, is_kept=is_kept)
        kept.note(response, is_kept=is_kept)
        return response


class SsoReauthenticationView(View):
    """Confirm with a provider that the signed-in user is there."""

    http_method_names = ["get", "post", "options"]

    def get(self, request, provider):
        """Begin nothing: lead to the button, as after a sign-in in between."""
        return redirect("accounts:reauthentication")

    def post(self, request, provider):
        """Send the browser to the provider's page."""
        if provider != request.user.provider:
            raise Http404
        next_page = local_page(request.POST.get("next", ""))
        return go_to_provider(request, provider, next_page, user=request.user.pk)


def go_to_provider(
    request: Request,
    provider: str,
    next_page: str = "",
    *,
    user: int = 0,
    is_kept: bool = False,
) -> HttpResponse:
    """Begin at Directus, and return a page that leads to the provider, or says why not.

    Args:
        user: the key of the user who re-authenticates; 0 for a sign-in.
        is_kept: whether the session is to outlive the browser.

    Raises:
        Http404: Directus knows no such provider.
    """
    try:
        url = sso.start(request, provider, next=next_page, user=user, is_kept=is_kept)
    except NotFound as error:
        raise Http404 from error
    except (DirectusError, TryLater, sso.NotSetUp) as error:
        problem = problem_of(error, provider)
        wait = getattr(error, "retry_after", None)
        return problem_page(request, provider, problem, next_page, wait)
    return go_on_page(request, provider, url)


def go_on_page(request: Request, provider: str, url: str) -> HttpResponse:
    """Return a page that leads to the provider by itself.

    Browsers block a redirect after a form to another site: `form-action 'self'`. The
    page has no form, which without a referrer could not be sent.
    """
    # Neither the header nor a message has a form then.
    context: dict[str, Any] = {
        "url": url,
        "label": sign_in_ways.label_of(provider),
        "user": None,
        "messages": [],
    }
    response = render(request, "accounts/sso_go_on.html", context)
    response["Referrer-Policy"] = "no-referrer"
    return response


class _Finishing(PublicMixin, View):
    """The base of the views that finish what began at a provider."""

    request: Request

    @method_decorator(sensitive_variables())
    def finish(self, provider: str, answer: dict[str, str]) -> HttpResponse:
        """Return the redirect to the next page, to the code, or to a reason."""
        state = answer.get("state", "")
        taken = sso_attempts.take(self.request, state)
        if taken is None:
            return self._without_attempt(provider)
        waiting, until = taken
        # Another user may have signed in meanwhile, or out.
        if waiting.provider != provider or not self._is_for(waiting):
            return self._without_attempt(provider, waiting.next)
        if "error" in answer:
            return self._refused(waiting, answer["error"])
        try:
            return self._exchanged(waiting, answer)
        except InvalidOTP:
            sso_code.ask(self.request, waiting)
            return redirect("accounts:sso_code")
        except sso.NotSent:
            sso_attempts.keep(self.request, state, waiting, until)
            return self.later(waiting, answer)
        except (DirectusError, TryLater, sso.NotSetUp, sso.AnotherUser) as error:
            return self._to_problem(waiting, problem_of(error, provider))

    def later(self, waiting: Waiting, answer: dict[str, str]) -> HttpResponse:
        """Return the answer while Directus is away."""
        raise NotImplementedError

    def _is_for(self, waiting: Waiting) -> bool:
        pk = self.request.user.pk if self.request.user.is_authenticated else 0
        return waiting.user == pk

    def _without_attempt(self, provider: str, next_page: str = "") -> HttpResponse:
        if self.request.user.is_authenticated:
            # As after a second click, or in a second tab.
            return HttpResponseRedirect(next_page or reverse("dashboard:home"))
        return HttpResponseRedirect(problem_url(provider, "expired", next_page))

    def _refused(self, waiting: Waiting, error: str) -> HttpResponse:
        reason = "cancelled" if error == "access_denied" else "refused"
        audit.record(
            f"sso.{reason}", self.request, provider=waiting.provider, user=self._user()
        )
        return self._to_problem(waiting, reason)

    def _user(self):
        return self.request.user if self.request.user.is_authenticated else None

    @method_decorator(sensitive_variables())
    def _exchanged(self, waiting: Waiting, answer: dict[str, str]) -> HttpResponse:
        answered = Answered(waiting, answer)
        url = waiting.next or reverse(
            "accounts:profile" if waiting.user else "dashboard:home"
        )
        if waiting.user:
            sso.confirm(cast(AuthenticatedRequest, self.request), answered)
            say_if_nothing_was_done(self.request)
            sso_code.end(self.request)
            return HttpResponseRedirect(url)
        user = authenticate(self.request, sso_secret=answered)
        if user is None:
            raise getattr(self.request, "sign_in_refusal", None) or NOT_ACCEPTED
        sso_code.end(self.request)
        user.keeps_session = waiting.is_kept
        return begin_session(self.request, user, "", url)

    def _to_problem(self, waiting: Waiting, reason: str) -> HttpResponse:
        url = problem_url(waiting.provider, reason, waiting.next)
        return HttpResponseRedirect(url)


@method_decorator(csrf_exempt, name="dispatch")
class SsoCallbackView(_Finishing):
    """Take the provider's answer, and leave its address at once."""

    # Not HEAD: the answer works once.
    http_method_names = ["get", "post", "options"]

    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"
        return response

    def get(self, request, provider):
        """Finish what began in this browser."""
        try:
            return self.finish(provider, _taken_out(request))
        except Error as error:
            if not is_database_away(error):
                raise
            # A page of the outage at this address would keep the answer in it.
            what = type(error).__name__
            logger.error("A sign-in with %s did not end: %s", provider, what)
            return HttpResponseRedirect(problem_url(provider, "away"))

    def post(self, request, provider):
        """Come again by GET: a POST of another site has no cookies with it."""
        answer = _plain(request.POST)
        response = HttpResponseRedirect(f"{request.path}?{urlencode(answer)}")
        response.status_code = 303
        return response

    def later(self, waiting, answer):
        """Keep the answer for a page that may be reloaded."""
        response = redirect("accounts:sso_again", waiting.provider)
        sso_again.keep(self.request, response, json.dumps(answer))
        return response


class SsoAgainView(_Finishing):
    """Try once more what did not reach Directus."""

    http_method_names = ["get", "options"]

    def get(self, request, provider):
        """Finish with the answer that the callback has kept."""
        text = sso_again.read(request)
        if not text:
            return self._without_attempt(provider)
        response = self.finish(provider, json.loads(text))
        if response.status_code != 503:
            sso_again.end(request, response)
        return response

    def later(self, waiting, answer):
        """Show the page for an outage, which leads here again."""
        return errors.unavailable(self.request)


@method_decorator(sensitive_post_parameters("otp"), name="dispatch")
class SsoCodeView(PublicMixin, SiteFormView):
    """Enter the one-time code, and go through the provider once more."""

    form_class = CodeForm
    template_name = "accounts/sso_code.html"
    question: sso_code.CodeQuestion

    def dispatch(self, request, *args, **kwargs):
        question = sso_code.read(request)
        pk = request.user.pk if request.user.is_authenticated else 0
        if question is None or question.user != pk:
            if pk:
                return redirect("dashboard:home")
            return self._start_again(_("Sign in again to continue."))
        self.question = question
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, form_class=None):
        """Return the form, with an error after a wrong code; begin in its field."""
        if self.request.method == "POST" or not self.question.is_wrong:
            form = super().get_form(form_class)
        else:
            form = CodeForm({"otp": "000000"})
            form.add_error("otp", CODE_NOT_VALID)
        form.fields["otp"].widget.attrs["autofocus"] = True
        return form

    def get_context_data(self, **kwargs):
        label = sign_in_ways.label_of(self.question.provider)
        return super().get_context_data(label=label, **kwargs)

    def away_title(self):
        """Return the heading of an outage on this page."""
        return _("Sign-in isn't available right now")

    def submit(self, form):
        """Send the browser to the provider; Directus is given the code."""
        question = self.question
        tries = Attempt(SSO_CODE_TRIES, question.id)
        try:
            tries.take()
        except Throttled:
            return self._start_again(_("Too many incorrect codes. Sign in again."))
        try:
            url = sso.start(
                self.request,
                question.provider,
                next=question.next,
                user=question.user,
                otp=form.cleaned_data["otp"],
                code_id=question.id,
                is_kept=question.is_kept,
            )
        except (DirectusError, TryLater, sso.NotSetUp) as error:
            tries.undo()
            problem = problem_of(error, question.provider)
            wait = getattr(error, "retry_after", None)
            return problem_page(
                self.request, question.provider, problem, question.next, wait
            )
        return go_on_page(self.request, question.provider, url)

    def _start_again(self, message):
        # A browser without a question gets no message, and no session for it.
        if sso_code.was_asked(self.request):
            messages.warning(self.request, message)
            sso_code.end(self.request)
        return redirect("accounts:login")


def _taken_out(request: Request) -> dict[str, str]:
    """Return the provider's answer, and take it out of the request.

    Error pages, reports and the server's access log show the address of the request.
    """
    answer = _plain(request.GET)
    request.META["QUERY_STRING"] = ""
    # As gunicorn and uWSGI keep it.
    for name in {"RAW_URI", "REQUEST_URI"} & request.META.keys():
        request.META[name] = request.path
    request.GET = QueryDict()
    return answer


def _plain(query: QueryDict) -> dict[str, str]:
    """Return the known values; none if one is there twice or too long."""
    found = {name: query.getlist(name) for name in ANSWERS if name in query}
    is_too_long = len(urlencode(found, doseq=True)) > LONGEST_ANSWER
    if is_too_long or any(len(values) != 1 for values in found.values()):
        return {}
    return {name: values[0] for name, values in found.items()}
