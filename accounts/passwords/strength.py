"""Estimate how easy a password is to guess: with zxcvbn, a list, and the user's data.

zxcvbn counts the guesses of an attacker that tries words, names, dates, keyboard rows,
sequences and repeats first.
"""

import re
import unicodedata
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables
from zxcvbn_rs_py import Warning as Pattern
from zxcvbn_rs_py import zxcvbn

from ..models import User
from . import common

# Powers of ten: with the spaces between words, and without.
LEAST_GUESSES = 9
LEAST_GUESSES_UNSPACED = 8
# Only so many characters are checked: the time grows fast with the length, and faster
# with substituted letters.
LONGEST = 48
LONGEST_WITH_SUBSTITUTES = 20
MOST_SUBSTITUTES = 4
SUBSTITUTES = set("4@8({[<3690!|1$57+%2")
AS_LETTERS = str.maketrans("4@8(3601!|5$7+2", "aabcegoiilssttz")
SPACES = re.compile(r"[\s\-_.,!?']+")
ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")
# Most passwords contain a shorter word.
SHORTEST_OWN_WORD = 3
# So many further characters do not make a common password better.
LONGEST_TAIL = 4


class LengthValidator(MinimumLengthValidator):
    """Django's validator, in the words of this site's list of rules."""

    def get_error_message(self):
        return ngettext(
            "Use at least %(min_length)d character.",
            "Use at least %(min_length)d characters.",
            self.min_length,
        ) % {"min_length": self.min_length}

    def get_help_text(self):
        return ngettext(
            "At least %(min_length)d character.",
            "At least %(min_length)d characters.",
            self.min_length,
        ) % {"min_length": self.min_length}


class StrengthValidator:
    """Refuses passwords that are easy to guess, and says why."""

    @sensitive_variables()
    def validate(self, password, user=None):
        """Raise ValidationError for a password that is easy to guess.

        Args:
            user: the user; its address and names are easy to guess. It may be unsaved.
        """
        text = unicodedata.normalize("NFKC", password)
        words = own_words(user)
        if _is_common(text):
            why = _("This is a common password.")
        elif _is_mostly(text, words):
            why = _(
                "This password is mostly your name, your email address or the name of "
                "this site."
            )
        elif pattern := _pattern(text, words):
            why = _reason(pattern)
        else:
            return
        text = _(
            "%(why)s Use several unrelated words, or let a password manager create one."
        )
        raise ValidationError(text, code="easy_to_guess", params={"why": why})

    def get_help_text(self):
        """Return the rule in words."""
        return _(
            "Avoid common passwords, dates, keyboard patterns, your name and your "
            "email address."
        )


def own_words(user: User) -> list[str]:
    """Return public words: of the user, and of the site."""
    site = settings.SITE_NAME, _without_end(urlsplit(settings.PUBLIC_URL).hostname)
    first, last = getattr(user, "first_name", ""), getattr(user, "last_name", "")
    names = first, last, f"{first} {last}", f"{last} {first}"
    email = getattr(user, "email", "")
    local, _at, domain = email.rpartition("@")
    texts = [*site, *names, email, local, _without_end(domain)]
    words = {part for text in texts for part in _parts(text)}
    # Sorted by length: zxcvbn takes the first for the most common.
    return sorted(words, key=lambda word: (len(word), word))


def _parts(text: str) -> set[str]:
    """Return a text, the text as one word, its words, and all without accents."""
    text = unicodedata.normalize("NFKC", text).lower()
    parts = {text, re.sub(r"[\W_]+", "", text), *re.split(r"[\W\d_]+", text)}
    parts |= {_without_accents(part) for part in parts}
    return {part for part in parts if len(part) >= SHORTEST_OWN_WORD}


def _without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFD", text)
    return "".join(each for each in letters if not unicodedata.combining(each))


def _without_end(host: str | None) -> str:
    """Return a host name without its last part."""
    return (host or "").rpartition(".")[0] or (host or "")


def _is_common(text: str) -> bool:
    lower = text.lower()
    in_letters = lower.translate(AS_LETTERS)
    variants = {lower, SPACES.sub("", lower), in_letters, _repeated(lower)}
    variants |= {ENDS.sub("", variant) for variant in (lower, in_letters)}
    variants |= {lower[:-length] for length in range(1, LONGEST_TAIL + 1)}
    return any(common.contains(variant) for variant in variants)


def _is_mostly(text: str, words: list[str]) -> bool:
    """Return whether at least half of a text is such words."""
    flat = rest = SPACES.sub("", text).lower()
    for word in reversed(words):
        rest = rest.replace(word, "")
    return 2 * len(rest) <= len(flat)


def _pattern(text: str, words: list[str]) -> Pattern | str | None:
    """Return why a text is easy to guess; None if it is not."""
    tries = [(text, LEAST_GUESSES), (SPACES.sub("", text), LEAST_GUESSES_UNSPACED)]
    for tried, least in tries:
        found = zxcvbn(_looked_at(tried), words)
        if found.guesses_log10 < least:
            return (found.feedback and found.feedback.warning) or "unknown"
    return None


def _looked_at(text: str) -> str:
    """Return the part of a text that is enough to see that it is strong."""
    # The cut must not hide repeats.
    repeated = _repeated(text)
    text = text if repeated == text else 2 * repeated
    if len(SUBSTITUTES & set(text)) > MOST_SUBSTITUTES:
        return text[:LONGEST_WITH_SUBSTITUTES]
    return text[:LONGEST]


def _repeated(text: str) -> str:
    """Return the repeated part of a text, or the whole text."""
    for length in range(1, len(text) // 2 + 1):
        if text.startswith(text[length:]):
            return text[:length]
    return text


def _reason(pattern: Pattern | str) -> str:
    match pattern:
        case (
            Pattern.RepeatsLikeAaaAreEasyToGuess
            | Pattern.RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess
        ):
            return _("This password repeats itself.")
        case Pattern.SequencesLikeAbcAreEasyToGuess:
            return _("This password is a sequence, such as abc or 4321.")
        case (
            Pattern.StraightRowsOfKeysAreEasyToGuess
            | Pattern.ShortKeyboardPatternsAreEasyToGuess
        ):
            return _("This password is a keyboard pattern.")
        case Pattern.DatesAreOftenEasyToGuess | Pattern.RecentYearsAreEasyToGuess:
            return _("This password is mostly a date.")
        case (
            Pattern.ThisIsATop10Password
            | Pattern.ThisIsATop100Password
            | Pattern.ThisIsACommonPassword
            | Pattern.ThisIsSimilarToACommonlyUsedPassword
        ):
            return _("This is a common password.")
        case _other:
            return _("This password is easy to guess.")
