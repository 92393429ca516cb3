from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Users of Directus: accounts, sign-in and sessions."""

    name = "accounts"
    verbose_name = _("Accounts")
    default = True

    def ready(self):
        from config import checks as checks_of_look  # noqa: F401

        from .core import checks  # noqa: F401
        from .forms import checks as checks_of_forms  # noqa: F401
        from .sessions import receivers  # noqa: F401


class AdminConfig(admin_apps.AdminConfig):
    """Django's admin with the site's own sign-in page."""

    default = False
    default_site = "accounts.admin_site.AdminSite"
