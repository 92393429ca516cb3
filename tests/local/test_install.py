"""What `make test` installs: what may be lacking for good comes before Directus."""

import pytest

from local import install
from local.problem import Problem


def test_without_chromium_nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(install, "chromium", lambda: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(install, "directus_tree", lambda _: pytest.fail("compiled"))

    with pytest.raises(Problem) as caught:
        install.main()

    assert "on Debian: apt-get install chromium-headless-shell" in str(caught.value)
    assert "on Ubuntu: apt-get install chromium-browser" in str(caught.value)


def test_without_prometheus_nothing_is_compiled(monkeypatch):
    def missing(name):
        raise Problem(name)

    monkeypatch.setattr(install, "chromium", lambda: "/usr/bin/chromium")
    monkeypatch.setattr(install.proxies, "fetch", lambda: None)
    monkeypatch.setattr(install.prometheus, "program", missing)
    monkeypatch.setattr(install, "directus_tree", lambda _: pytest.fail("compiled"))

    with pytest.raises(Problem, match="promtool"):
        install.main()
