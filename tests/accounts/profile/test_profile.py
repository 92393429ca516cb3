"""The profile's page: name, language and time zone."""

import pytest
from django.utils import timezone

from accounts.models import User
from tests.accounts.signed_in import make_old

pytestmark = pytest.mark.django_db

SHOWN = {"first_name": "Ada", "last_name": "Lovelace", "language": "", "time_zone": ""}


def save(browser, **changes):
    return browser.post("/account/", SHOWN | changes)


def changes_sent(directus, ada):
    calls = directus.calls_to(f"/users/{ada.id}")
    return [call.json for call in calls if call.method == "PATCH"]


def test_the_page_shows_what_directus_has(signed_in_client):
    page = signed_in_client.get("/account/")

    assert page.status_code == 200
    form = page.context["profile_form"]
    assert form["first_name"].value() == "Ada"
    assert form["last_name"].value() == "Lovelace"


def test_only_what_changed_is_sent(signed_in_client, directus, ada):
    answer = save(signed_in_client, first_name="Augusta")

    assert answer.status_code == 302
    assert changes_sent(directus, ada) == [{"first_name": "Augusta"}]
    assert ada.first_name == "Augusta"


def test_nothing_is_sent_when_nothing_changed(signed_in_client, directus):
    answer = save(signed_in_client)

    assert answer.status_code == 302
    directus.was_not_asked()


def test_the_next_page_shows_the_change_at_once(signed_in_client, directus):
    save(signed_in_client, last_name="King")
    directus.forget_calls()

    page = signed_in_client.get("/")

    assert "Ada King" in page.text
    directus.was_not_asked()


def test_a_name_can_be_taken_away(signed_in_client, directus, ada):
    save(signed_in_client, last_name="")

    assert changes_sent(directus, ada) == [{"last_name": None}]
    assert User.objects.get(directus_id=ada.id).last_name == ""


@pytest.mark.parametrize("name", ["x" * 51, "A\x00da", "A\x1fda", "\u202eadA"])
def test_an_odd_name_is_refused_at_its_field(signed_in_client, directus, name):
    page = save(signed_in_client, first_name=name)

    assert page.status_code == 200
    assert page.context["form"].errors.keys() == {"first_name"}
    directus.was_not_asked()


# Mass assignment


def test_nothing_but_the_fields_of_the_form_is_sent(signed_in_client, directus, ada):
    more = {
        "role": "an administrator's",
        "status": "suspended",
        "email": "other@example.com",
        "token": "chosen",
        "provider": "ldap",
        "external_identifier": "x",
        "tfa_secret": "x",
        "password": "x",
        "avatar": ada.id,
        "id": "5cd6c0a5-3bbf-4a0e-b7a3-a1e70ad1ffe4",
        "directus_id": "5cd6c0a5-3bbf-4a0e-b7a3-a1e70ad1ffe4",
        "is_staff": "1",
        "is_superuser": "1",
    }
    directus.add_field("company")

    save(signed_in_client, first_name="Augusta", company="Engines", **more)

    assert changes_sent(directus, ada) == [{"first_name": "Augusta"}]
    user = User.objects.get(directus_id=ada.id)
    assert (user.is_staff, user.is_superuser, user.email) == (False, False, ada.email)


# Language


def test_the_very_next_page_speaks_the_language_that_was_chosen(
    signed_in_client, directus, ada
):
    save(signed_in_client, language="de")

    assert changes_sent(directus, ada) == [{"language": "de-DE"}]
    assert '<html lang="de"' in signed_in_client.get("/account/").text


@pytest.mark.parametrize(
    ("chosen", "name"),
    [("en-gb", "en-GB"), ("fr", "fr-FR"), ("pt-br", "pt-BR"), ("ja", "ja-JP")],
)
def test_directus_is_told_its_own_names_of_languages(
    signed_in_client, directus, ada, chosen, name
):
    save(signed_in_client, language=chosen)

    assert ada.language == name


def test_a_dialect_that_the_site_does_not_know_is_left_alone(client, sign_in, directus):
    eve = directus.add_user("eve@example.com", language="en-US")
    sign_in(eve)
    directus.forget_calls()

    page = client.get("/account/")
    assert page.context["profile_form"]["language"].value() == "en-gb"
    client.post("/account/", {"first_name": "", "last_name": "", "language": "en-gb"})

    assert eve.language == "en-US"


def test_a_language_that_the_site_has_not_is_refused(signed_in_client, directus):
    page = save(signed_in_client, language="tlh")

    assert page.context["form"].errors.keys() == {"language"}
    directus.was_not_asked()


# Time zone


def test_the_time_zone_is_kept_here_and_times_are_shown_in_it(
    signed_in_client, directus
):
    save(signed_in_client, time_zone="Asia/Tokyo")

    directus.was_not_asked()
    page = signed_in_client.get("/account/sessions/").text
    assert 'data-time-zone="Asia/Tokyo"' in page
    assert "+09:00" in page
    assert timezone.get_current_timezone_name() == "UTC"


def test_the_zone_of_one_request_does_not_stay_for_the_next(
    signed_in_client, client_class
):
    save(signed_in_client, time_zone="Asia/Tokyo")
    signed_in_client.get("/")

    assert "data-time-zone" not in client_class().get("/login/").text
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.fixture
def client_class(client):
    return type(client)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "Asia/Tokyo\x00"])
def test_what_is_no_time_zone_is_refused(signed_in_client, zone):
    page = save(signed_in_client, time_zone=zone)

    assert page.context["form"].errors.keys() == {"time_zone"}


def test_a_zone_that_this_machine_lost_harms_nothing(signed_in_client):
    User.objects.update(time_zone="Atlantis/Poseidonis")

    assert signed_in_client.get("/").status_code == 200
    assert save(signed_in_client, time_zone="Atlantis/Poseidonis").status_code == 302


# Rights and outages


def test_the_site_does_what_the_users_own_token_may_not(
    service_token, signed_in_client, directus, ada
):
    directus.state.customer_writes = frozenset()

    save(signed_in_client, first_name="Augusta")

    assert ada.first_name == "Augusta"
    assert changes_sent(directus, ada) == [{"first_name": "Augusta"}] * 2


def test_without_the_right_the_log_names_the_missing_grant(
    signed_in_client, directus, ada, caplog
):
    directus.state.customer_writes = frozenset({"password"})

    page = save(signed_in_client, first_name="Augusta")

    assert page.status_code == 200
    assert "Contact support." in page.context["form"].non_field_errors()[0]
    assert "first_name" in caplog.text
    assert "directus_setup" in caplog.text
    assert 'value="Augusta"' in page.text
    assert ada.first_name == "Ada"


def test_an_outage_keeps_what_was_typed(signed_in_client, directus):
    directus.is_down()

    page = save(signed_in_client, first_name="Augusta")

    assert page.status_code == 503
    assert page["Retry-After"]
    assert 'value="Augusta"' in page.text
    directus.is_up()
    assert signed_in_client.get("/").status_code == 200


def test_an_outage_keeps_what_was_typed_when_the_session_is_due_as_well(
    signed_in_client, directus, ada
):
    make_old(signed_in_client, minutes=30)
    directus.is_down()

    page = save(signed_in_client, first_name="Augusta", time_zone="Asia/Tokyo")

    assert page.status_code == 503
    assert 'value="Augusta"' in page.text
    user = User.objects.get(directus_id=ada.id)
    assert (user.first_name, user.time_zone) == ("Ada", "")


def test_a_limit_of_directus_keeps_what_was_typed_when_the_session_is_due(
    signed_in_client, directus, ada
):
    make_old(signed_in_client, minutes=2)
    directus.throttles()

    page = save(signed_in_client, first_name="Augusta")

    assert (page.status_code, page["Retry-After"]) == (429, "57")
    assert 'value="Augusta"' in page.text
    assert ada.first_name == "Ada"


def test_a_lost_answer_says_so_and_the_form_can_be_sent_again(
    signed_in_client, directus, ada
):
    directus.loses_answer(f"/users/{ada.id}", method="PATCH")

    assert save(signed_in_client, first_name="Augusta").status_code == 503
    assert save(signed_in_client, first_name="Augusta").status_code == 302
    assert ada.first_name == "Augusta"


def test_a_user_suspended_meanwhile_is_signed_out(signed_in_client, directus, ada):
    directus.suspend(ada)
    make_old(signed_in_client, minutes=2)

    answer = save(signed_in_client, first_name="Augusta")

    assert answer.status_code == 302
    assert answer.url.startswith("/login/")
    assert ada.first_name == "Ada"


def test_the_dashboard_leads_to_the_account_pages(signed_in_client):
    page = signed_in_client.get("/").text

    assert 'href="/account/"' in page
    assert 'href="/account/sessions/"' in page


def test_the_time_zones_are_grouped_by_area(signed_in_client, ada):
    User.objects.update(time_zone="Europe/Berlin")

    page = signed_in_client.get("/account/").text

    europe = page.partition('<optgroup label="Europe">')[2].partition("</optgroup>")[0]
    assert '<option value="Europe/Berlin" selected>Berlin</option>' in europe
    assert "Asia/Tokyo" not in europe
