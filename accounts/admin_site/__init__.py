"""The admin site, without a sign-in page of its own."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from ..views.sign_in import LogoutView
from ..web.next_page import by_way_of
from . import health


class AdminSite(admin.AdminSite):
    """The admin; staff sign in on the site's own page, with all its checks."""

    site_header = _("Administration")
    site_title = _("Administration")

    def get_urls(self):
        """Add the health panel."""
        view = self.admin_view(self.health)
        return [path("health/", view, name="health"), *super().get_urls()]

    def health(self, request):
        """Show the last report of directus_doctor."""
        return health.health(request, self)

    @login_not_required
    def login(self, request, extra_context=None):
        """Redirect visitors to the sign-in page; refuse users that are not staff."""
        if request.user.is_authenticated:
            raise PermissionDenied("not a member of the staff")
        target = request.GET.get("next") or reverse("admin:index")
        return by_way_of(settings.LOGIN_URL, target)

    def password_change(self, request, extra_context=None):
        """Answer 404: Directus keeps the passwords."""
        raise Http404

    password_change_done = password_change

    def logout(self, request, extra_context=None):
        """Sign out with the site's own view."""
        return LogoutView.as_view()(request)
