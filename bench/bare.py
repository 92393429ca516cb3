"""A bare Django site with one page behind `login_required`, for comparison.

The settings are startproject's: sessions in the database, which is SQLite. Started by
the same line: `gunicorn -c config/gunicorn.py bench.bare`. `python -m bench.bare` makes
its tables and prints the cookie of a signed-in user.
"""

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import path

settings.configure(
    SECRET_KEY=os.environ.get("BARE_SECRET_KEY", "bench-" + "x" * 50),
    ALLOWED_HOSTS=["localhost"],
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    ROOT_URLCONF=__name__,
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).parent / "templates"],
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
            },
        },
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ.get("BARE_DATABASE", ":memory:"),
            "CONN_MAX_AGE": None if os.environ.get("BARE_KEEPS_DATABASE") else 0,
        }
    },
    USE_TZ=True,
    STATIC_URL="static/",
)
django.setup()

from django.contrib.auth import get_user_model, views  # noqa: E402
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.contrib.auth.mixins import LoginRequiredMixin  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.views.generic import ListView  # noqa: E402


@login_required(login_url="login")
def home(request):
    """Show the signed-in user."""
    return render(request, "bare/home.html")


class Row(models.Model):
    """A row as bench.item_rows has it in Directus."""

    number = models.IntegerField()
    subject = models.CharField(max_length=255)
    status = models.CharField(max_length=10, choices=[("open", "Open")])
    date_created = models.DateTimeField()
    owner = models.ForeignKey(get_user_model(), models.CASCADE)

    class Meta:
        app_label = "bench"

    def __str__(self):
        return self.subject


class RowList(LoginRequiredMixin, ListView):
    """The rows of the signed-in user."""

    login_url = "login"
    template_name = "bare/rows.html"
    paginate_by = 25

    def get_queryset(self):
        own = Row.objects.filter(owner=self.request.user)
        return own.order_by("-number", "id")


urlpatterns = [
    path("", home, name="home"),
    path("rows/", RowList.as_view(), name="rows"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
    path("login/", views.LoginView.as_view(), name="login"),
]
application = get_wsgi_application()


def sign_a_user_in(rows: int) -> str:
    """Create a user with rows and a session; return the session's cookie."""
    from django.test import Client

    names = {"first_name": "Bench", "last_name": "Example"}
    user = get_user_model().objects.create_user("bench@example.com", **names)
    if rows:
        add_rows(user, rows)
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].OutputString([])


def add_rows(owner, number: int) -> None:
    """Make the table and its rows; a third of them are the owner's."""
    other = get_user_model().objects.create_user("other@example.com")
    owners = [owner, other, other]
    with connection.schema_editor() as editor:
        editor.create_model(Row)
    facts = {"status": "open", "date_created": timezone.now()}
    rows = (
        Row(number=n, subject=f"Subject {n}", owner=owners[n % 3], **facts)
        for n in range(number)
    )
    Row.objects.bulk_create(rows, batch_size=5000)


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    print(sign_a_user_in(int(os.environ.get("BARE_ROWS", "0"))))
