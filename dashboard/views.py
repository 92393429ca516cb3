"""Pages for signed-in users."""

from django.views.generic import TemplateView

from config.request import AuthenticatedRequest


class HomeView(TemplateView):
    """Show the user and the session.

    The page uses the mirrored user, whose last re-validation is recent, and does not
    call Directus.
    """

    request: AuthenticatedRequest
    template_name = "dashboard/home.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            session=self.request.session.row,
            stale=self.request.directus_is_away,
            **kwargs,
        )
