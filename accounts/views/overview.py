"""The first page of the account: each part and its present value."""

from accounts.flows import overview

from .account_pages import AccountPageView


class OverviewView(AccountPageView):
    """Show the state of the account; no call to Directus."""

    template_name = "accounts/overview.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            overview=overview.read(self.request.user),
            stale=self.request.directus_is_away,
            **kwargs,
        )
