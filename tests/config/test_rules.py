"""The rules of docs/architecture.md, and the views that visitors may see.

The rules that are about imports between packages stand in pyproject.toml as contracts
for import-linter; these tests run them too.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(settings.BASE_DIR)
PUBLIC = {
    "login/",
    "login/code/",
    "login/recovery/",
    "sso/code/",
    "sso/<slug:provider>/",
    "sso/<slug:provider>/again/",
    "sso/<slug:provider>/problem/<slug:reason>/",
    "sso/auth/login/<slug:provider>/callback",
    "logout/",
    "register/",
    "register/done/",
    "verify-email/",
    "verify-email/done/",
    "request-reset-password/",
    "request-reset-password/done/",
    "reset-password/",
    "reset-password/done/",
    "reset-password/unsure/",
    "invite/",
    "invite/done/",
    "invite/unsure/",
    "account/email/confirm/",
    "account/email/done/",
    "webhooks/directus/",
    "admin/login/",
    "healthz",
    "readyz",
    "metrics",
    "brand/<str:name>",
    "language/",
}

OFFERED = {"directus", "migrations", "own_data", "signals"}
LEADS_TO_SIGN_IN = {"admin/login/", "admin/logout/"}


def sources(folder):
    return [
        path
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts and "node_modules" not in path.parts
    ]


def site_sources():
    return [
        path for app in ("accounts", "config", "dashboard") for path in sources(app)
    ]


def imports(path):
    """Return the full names of what a file imports."""
    names = set()
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def test_the_client_imports_nothing_of_django():
    """Rule 1."""
    for path in sources("accounts/directus"):
        outside = {
            name
            for name in imports(path)
            if name.split(".")[0] in {"django", "config", "dashboard"}
            or (name.startswith("accounts.") and ".directus" not in name)
        }
        assert not outside, path


def test_the_client_works_where_django_is_not_installed():
    """Rule 1."""
    code = (
        "import sys; sys.modules['django'] = None; import accounts.directus as d; "
        "print(d.DirectusClient(d.Transport('http://127.0.0.1:1')) is not None)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )

    assert ran.stdout.strip() == "True", ran.stderr


def test_one_module_reads_the_settings_of_directus():
    """Rule 2."""
    readers = {
        str(path.relative_to(ROOT))
        for path in site_sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("DIRECTUS_")
        and isinstance(node.value, ast.Name)
        and node.value.id == "settings"
    }

    assert readers == {"accounts/core/clients.py"}


def test_one_module_uses_the_cache():
    """It may be away or hang: all others ask that module, which answers None then."""
    users = {
        str(path.relative_to(ROOT))
        for path in site_sources()
        if any(name.startswith("django.core.cache") for name in imports(path))
    }

    assert users == {"accounts/core/cache.py"}


def test_redirects_by_name_name_a_view():
    """A visitor sends paths, never names of views: accounts/web/next_page.py."""
    others = {
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path in site_sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"redirect", "redirect_to_login"}
        and not (node.args and isinstance(node.args[0], ast.Constant))
    }

    assert not others


def test_one_module_knows_the_prefix_of_cookies():
    """Or two sites on one host take each other's for their own."""
    texts = {path: path.read_text() for path in site_sources()}
    prefixing = {
        str(path.relative_to(ROOT))
        for path, text in texts.items()
        if '"__Host-' in text
    }
    setting = {
        str(path.relative_to(ROOT)): "settings.COOKIE_PREFIX" in text
        for path, text in texts.items()
        if ".set_cookie(" in text
    }

    assert prefixing == {"config/settings.py"}
    assert all(setting.values()), setting


def test_one_module_seals_tokens():
    """Rule 3, and one module knows the keys. Another one, with keys of its own, seals
    the password between the steps of a sign-in.
    """
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in site_sources()}

    def users(word):
        return {name for name, text in texts.items() if word in text}

    assert users("sealed_tokens") == {
        "accounts/sessions/tokens.py",
        "accounts/models/sessions.py",
    }
    assert users("MultiFernet") == {"accounts/core/sealing.py"}


def test_the_dashboard_knows_what_accounts_offers_alone():
    """Rule 4."""
    allowed = ("accounts.directus", "accounts.own_data")
    for path in sources("dashboard"):
        known = {name for name in imports(path) if name.startswith("accounts")}
        assert all(name.startswith(allowed) for name in known), path
        assert "settings.DIRECTUS" not in path.read_text()


def test_the_contracts_between_packages_are_kept():
    lint = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert lint, "import-linter is not installed"

    ran = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout


# Which views need a sign-in


def walk(patterns, prefix=""):
    """Yield the path and the view of everything in the URLconf."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern).lstrip("^").rstrip("$")
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield route, pattern


def test_what_is_not_public_on_purpose_needs_a_sign_in():
    views = dict(walk(get_resolver().url_patterns))
    public = {
        route
        for route, pattern in views.items()
        if not getattr(pattern.callback, "login_required", True)
    }

    assert len(views) > 30
    assert public == PUBLIC


def filled(route):
    """Return a path that a route matches."""
    route = re.sub(r"<\w+:\w+>|<\w+>", "1", route)
    route = re.sub(r"\(\?P<app_label>(\w+).*?\)", r"\1", route)
    return "/" + re.sub(r"\(\?P<url>.*?\)", "x", route)


@pytest.mark.django_db
def test_a_visitor_gets_nothing_but_what_is_public(client, directus):
    client.raise_request_exception = False
    for route, _ in walk(get_resolver().url_patterns):
        if route in PUBLIC:
            continue
        for method in (client.get, client.post, client.head):
            response = method(filled(route))
            assert response.status_code in {302, 405}, route
            if response.status_code == 302:
                assert response.url.startswith(("/login/", "/admin/login/")), route
    directus.was_not_asked()


@pytest.mark.django_db
def test_a_customer_gets_nothing_of_the_admin(signed_in_client):
    for route, _ in walk(get_resolver().url_patterns):
        if route.startswith("admin/") and route not in {
            "admin/login/",
            "admin/logout/",
        }:
            response = signed_in_client.get(filled(route), follow=True)
            assert response.status_code in {403, 404}, route


def contracts():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def test_each_app_of_the_project_is_under_the_import_rules():
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}
    apps |= {app for app in settings.INSTALLED_APPS if (ROOT / app).is_dir()}
    assert apps | {"config"} == set(contracts()["root_packages"])


def test_what_accounts_does_not_offer_is_protected():
    protected = contracts()["contracts"][-1]["protected_modules"]
    children = {
        path.stem
        for path in (ROOT / "accounts").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    inside = {f"accounts.{name}" for name in children - OFFERED - {"__init__"}}
    assert inside | {"accounts.directus.*"} == set(protected)


def test_a_newcomer_sees_at_a_glance_what_accounts_consists_of():
    entries = {path.name for path in (ROOT / "accounts").iterdir()} - {"__pycache__"}
    assert len(entries) <= 26
