"""A mail tells of a sign-in from a browser that did not know the account."""

import pytest
from django.core import mail
from django.test import Client

from accounts.core import postman
from accounts.models import OutgoingMail

from ..steps import NEW_PASSWORD, choose_password, open_link

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def knows_ada(sign_in, ada):
    """The browser of Ada's first sign-in."""
    return sign_in(ada)


def test_the_first_sign_in_is_not_news(knows_ada):
    assert mail.outbox == []


def test_another_browser_is(knows_ada, sign_in, ada):
    sign_in(ada, Client(), REMOTE_ADDR="203.0.113.9", HTTP_USER_AGENT=FIREFOX)

    (sent,) = mail.outbox
    assert sent.to == [ada.email]
    assert sent.subject.startswith("New sign-in")
    assert "IP address: 203.0.113.9\nBrowser: Firefox on Linux\n" in sent.body
    assert "\nhttp://testserver/account/sessions/\n" in sent.body


def test_it_is_news_once(knows_ada, sign_in, ada):
    browser = sign_in(ada, Client())
    browser.post("/logout/")

    sign_in(ada, browser)

    assert len(mail.outbox) == 1


def test_a_known_browser_is_no_news(knows_ada, sign_in, ada):
    knows_ada.post("/logout/")

    sign_in(ada, knows_ada)

    assert mail.outbox == []


def test_a_new_address_does_not_make_a_browser_new(knows_ada, sign_in, ada, directus):
    knows_ada.post("/logout/")
    directus.change(ada, email="countess@example.com")

    sign_in(ada, knows_ada)

    assert mail.outbox == []


def test_a_browser_that_chose_a_password_by_mail_is_new(
    knows_ada, sign_in, ada, directus
):
    thief = Client()
    thief.post("/request-reset-password/", {"email": ada.email})
    open_link(thief, directus.last_link(ada.email))
    choose_password(thief)
    ada.password = NEW_PASSWORD
    mail.outbox.clear()

    sign_in(ada, thief)

    assert any("New sign-in" in sent.subject for sent in mail.outbox)


def test_a_refused_sign_in_is_no_news(knows_ada, ada):
    Client().post("/login/", {"email": ada.email, "password": "wrong"})

    assert mail.outbox == []


def test_a_cookie_made_up_is_not_believed(knows_ada, sign_in, ada):
    browser = Client()
    browser.cookies["device"] = "forged"

    sign_in(ada, browser)

    assert len(mail.outbox) == 1


def test_a_mail_server_that_hangs_holds_up_no_sign_in(
    knows_ada, sign_in, ada, monkeypatch
):
    """No request sends a mail: it is written, and another thread is woken."""
    woken = []
    monkeypatch.setattr(postman, "call", lambda: woken.append(None))

    sign_in(ada, Client())

    assert len(woken) == 1
    assert OutgoingMail.objects.get().name == "new_device"
    assert mail.outbox == []
