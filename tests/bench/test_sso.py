"""What the bench measures of sign-ins with a provider."""

from itertools import count

import pytest

from bench.inside import weigh_buttons
from bench.sign_in import added
from bench.sso import PEOPLE
from bench.sso_browser import sign_in_directly, sign_in_through_site


@pytest.mark.parametrize(("limit", "is_met"), [(15.5, True), (14.5, False)])
def test_the_added_time_is_that_of_the_median(limit, is_met):
    # Every fifth time is an outlier.
    turns = (9.0 if n % 5 == 4 else 0.115 for n in count())

    line = added("sign-in", PEOPLE, lambda _: next(turns), lambda _: 0.1, limit=limit)

    assert line.cells()[1:4] == ("115 ms", "100 ms", "15.0 ms")
    assert line.met is is_met


@pytest.mark.django_db
def test_the_buttons_are_weighed(provider):
    weights = weigh_buttons("testserver")

    assert 0 < weights["with"] - weights["without"] <= 4096


@pytest.mark.django_db
def test_a_page_without_buttons_is_not_weighed():
    with pytest.raises(ValueError, match="/login/"):
        weigh_buttons("testserver")


@pytest.mark.real
@pytest.mark.directus(11)
@pytest.mark.parametrize("way", [sign_in_through_site, sign_in_directly])
def test_both_ways_sign_in(live_site, way):
    address = {"email": "bench@example.org", "email_verified": True}
    names = {"given_name": "Bench", "family_name": "Example"}
    live_site.provider.add_person(PEOPLE[0], **names, **address)

    assert way(live_site.ports, PEOPLE[0]) > 0
