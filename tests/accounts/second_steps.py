"""What people do with their second factor, one function each."""

import html
import re
import time

from tests.fake_directus import one_time_code

START = "/account/two-factor/"
SET_UP = "/account/two-factor/set-up/"
CODES = "/account/two-factor/codes/"
AGAIN = "/account/two-factor/again/"
OFF = "/account/two-factor/off/"
RECOVERY = "/login/recovery/"


def begin(browser, password, **data):
    """Send the form with the password."""
    return browser.post(START, {"current_password": password} | data)


def secret_on(page):
    """Return the key to type that the page shows."""
    found = re.search(r'<code class="secret"[^>]*>([^<]*)</code>', page.text)
    return found[1].replace(" ", "")


def codes_on(page):
    """Return the recovery codes that the page shows."""
    return re.findall(r"<li><code>([^<]*)</code></li>", html.unescape(page.text))


def enrol(browser, user):
    """Set a second factor up; return its secret and the recovery codes."""
    assert begin(browser, user.password).url == SET_UP
    secret = secret_on(browser.get(SET_UP))
    done = browser.post(SET_UP, {"otp": code_for(secret)})
    assert (done.status_code, done["Location"]) == (302, CODES)
    return secret, codes_on(browser.get(CODES))


def code_for(secret, *, after=""):
    """Return a code that stays good for some seconds, another one than `after`."""
    while 30 - time.time() % 30 < 3 or one_time_code(secret) == after:
        time.sleep(0.2)
    return one_time_code(secret)


def recover(browser, code):
    """Send the form with the recovery code."""
    return browser.post(RECOVERY, {"recovery_code": code})
