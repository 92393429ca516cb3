"""The pages behind the sign-in."""

from django.views.generic import TemplateView

from config.request import AuthenticatedRequest


class HomeView(TemplateView):
    """Who you are and how this browser is signed in.

    Shown from the mirrored user, which is at most one re-validation old: no call to
    Directus is made for this page.
    """

    request: AuthenticatedRequest
    template_name = "dashboard/home.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            session=self.request.session.row,
            stale=self.request.directus_is_away,
            **kwargs,
        )
