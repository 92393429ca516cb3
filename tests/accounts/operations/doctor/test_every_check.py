"""directus_doctor: what holds for every check."""

import inspect

import pytest

from accounts.directus import DirectusUnavailable, Forbidden
from accounts.operations.doctor import (
    configuration,
    examine,
    leftovers,
    registry,
    rights,
    server,
    sign_up,
    webhook,
)
from accounts.operations.doctor.findings import Answer, Verdict
from accounts.operations.doctor.site import NotReadable

CONTENT = [
    server.version,
    server.login_attempts,
    rights.token,
    rights.token_rights,
    rights.public,
    rights.customer_role,
    rights.customer,
    leftovers.leftovers,
    sign_up.registration,
    sign_up.role,
    sign_up.verification,
    webhook.secret,
    webhook.flow,
    configuration.roles,
]


@pytest.mark.parametrize("function", CONTENT, ids=lambda function: function.__name__)
def test_a_site_that_is_set_up_has_no_finding(site, function):
    assert function(site).verdict is Verdict.OK


@pytest.mark.django_db
def test_every_check_has_a_place_in_the_report():
    found = list(examine())

    assert [finding.id for finding in found] == list(registry.CHECKS)


def test_every_function_that_gives_an_answer_is_a_check():
    modules = {inspect.getmodule(check) for check in registry.CHECKS.values()}
    answering = {
        function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and inspect.signature(function).return_annotation is Answer
        and not name.startswith("_")
    }

    assert answering == set(registry.CHECKS.values())


def test_a_check_that_cannot_look_says_so_and_stops_nothing(site):
    def away(site):
        raise DirectusUnavailable("GET /users: timed out")

    def refused(site):
        raise Forbidden(403, "FORBIDDEN")

    def mendable(site):
        raise NotReadable("This needs something.", "a line")

    def hidden(site):
        raise NotReadable("This needs what another check tells of.")

    for function in (away, refused, mendable):
        assert registry._answer(function, site).verdict is Verdict.WARNING
    assert registry._answer(refused, site).line == "python manage.py directus_setup"
    assert registry._answer(hidden, site).verdict is Verdict.UNKNOWN
