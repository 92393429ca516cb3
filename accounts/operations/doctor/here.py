"""Checks of the site itself: its database, cache, settings and lifetimes."""

import platform
import secrets
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from config import __version__

from ...core import cache
from ..provisioning.environment import LOOPBACK
from .findings import Answer, ok, problem, warning
from .site import Site

DAY = 24 * 3600
# The default of Directus' REFRESH_TOKEN_TTL. Directus does not report its value.
REFRESH_TOKEN_DAYS = 7


def lifetime(site: Site) -> Answer:
    """A session of the site ends no later than Directus' refresh token."""
    days = min(settings.SESSION_IDLE_SECONDS, settings.SESSION_COOKIE_AGE) / DAY
    if days > REFRESH_TOKEN_DAYS:
        reason = (
            f"Sessions of the site last {days:g} days without a request, those of "
            f"Directus {REFRESH_TOKEN_DAYS}, unless REFRESH_TOKEN_TTL is longer."
        )
        line = f'REFRESH_TOKEN_TTL="{int(days) + 1}d"'
        return warning(reason, line)
    return ok(
        f"Sessions of the site last {days:g} days without a request, those of "
        f"Directus {REFRESH_TOKEN_DAYS}, unless REFRESH_TOKEN_TTL is shorter."
    )


def version(site: Site) -> Answer:
    """The versions of the site, of Django and of Python."""
    return ok(
        f"The site is version {__version__}, on Django {django.__version__} and "
        f"Python {platform.python_version()}."
    )


def database(site: Site) -> Answer:
    """The database answers and has all tables."""
    line = "python manage.py migrate"
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return problem("The database does not answer.", "DATABASE_URL=…")
    if plan:
        missing = ", ".join(f"{step.app_label}.{step.name}" for step, _undo in plan)
        reason = f"The database lacks migrations: {missing}."
        return problem(reason, line)
    return ok("The database answers and has all tables.")


def cached(site: Site) -> Answer:
    """The cache returns the values that are put into it."""
    key, value = f"doctor:{secrets.token_hex(8)}", secrets.token_hex(8)
    cache.set(key, value, seconds=10)
    if cache.get(key) != value:
        return warning("The cache does not work.", "CACHE_URL=…")
    return ok("The cache works.")


def system_checks(site: Site) -> Answer:
    """`manage.py check` finds nothing; on a public site `--deploy` finds nothing."""
    is_deployed = urlsplit(settings.PUBLIC_URL).hostname not in LOOPBACK
    # `site.database` looks at the database; Django 6.1 would open it here, too.
    messages = checks.run_checks(include_deployment_checks=is_deployed, databases=[])
    found = [
        message
        for message in messages
        if message.level >= checks.WARNING and not message.is_silenced()
    ]
    if not found:
        return ok("Django's own checks find nothing.")
    verdict = problem if any(each.is_serious() for each in found) else warning
    text = " ".join(f"{each.id}: {each.msg}" for each in found)
    return verdict(text, f"python manage.py check{' --deploy' * is_deployed}")
