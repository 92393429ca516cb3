"""Choose the language of the site in this browser."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import resolve_url

from accounts.web import languages
from accounts.web.next_page import local_page
from config.request import Request

from .mixins import PublicMixin


class LanguageView(PublicMixin):
    """The form in the footer.

    The choice is for visitors, and for users without a language in their profile; the
    footer leads the others to the profile.
    """

    def get(self, request):
        """Show the first page."""
        return HttpResponseRedirect(resolve_url(settings.LOGIN_REDIRECT_URL))

    def post(self, request):
        """Keep the choice, and show the page again on which it was made."""
        response = HttpResponseRedirect(_page_before(request))
        language = request.POST.get("language", "")
        if language in dict(settings.LANGUAGES):
            languages.choose(response, language)
        return response


def _page_before(request: Request) -> str:
    """Return the path of the page with the form.

    Browsers name it to the same site. A form field could lead to other sites, and would
    repeat what a link to this page says.
    """
    page = urlsplit(request.META.get("HTTP_REFERER", ""))
    path = page._replace(scheme="", netloc="", fragment="").geturl()
    return local_page(path) or resolve_url(settings.LOGIN_REDIRECT_URL)
