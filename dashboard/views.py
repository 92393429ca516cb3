"""Pages for signed-in users."""

from django.views.generic import TemplateView

from config.request import AuthenticatedRequest

from .cards import shown_cards


class HomeView(TemplateView):
    """Greet the user and show what is new.

    The page itself does not call Directus; its cards may.
    """

    request: AuthenticatedRequest
    template_name = "dashboard/home.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        return super().get_context_data(
            name=user.get_full_name() or user.account_name,
            # Directus does not know a local user.
            cards=shown_cards(self.request) if user.is_mirrored else [],
            stale=self.request.directus_is_away,
            **kwargs,
        )
