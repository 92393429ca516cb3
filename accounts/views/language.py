"""Choose the language of the site in this browser."""

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import resolve_url

from accounts.web import languages
from accounts.web.next_page import page_before

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
        response = HttpResponseRedirect(page_before(request))
        language = request.POST.get("site_language", "")
        if language in dict(settings.LANGUAGES):
            languages.choose(response, language)
        return response
