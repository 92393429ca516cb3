"""E-mail addresses with a domain beyond ASCII.

Browsers send `x@bücher.de` as `x@xn--bcher-kva.de` or as it was typed. Both are one
mailbox, but Directus compares the text, and takes them for two.
"""

import re

import idna

LONGEST_DOMAIN = 255
# Dots of input methods; browsers accept them.
DOTS = re.compile("[\u3002\uff0e\uff61]")


def to_ascii(email: str) -> str:
    """Return an address with its domain in ASCII and in lower case.

    Raises:
        ValueError: the domain is not valid, or imitates another one.
    """
    local, at, domain = email.rpartition("@")
    if len(domain) > LONGEST_DOMAIN:
        raise ValueError("the domain is too long")
    labels = DOTS.sub(".", domain).split(".")
    return local + at + ".".join(map(_label_to_ascii, labels))


def _label_to_ascii(label: str) -> str:
    if label.isascii():
        label = label.lower()
        if not label.startswith("xn--"):
            return label
        # It may encode letters that no domain has.
        label = idna.decode(label)
    encoded = idna.encode(label, uts46=True).decode()
    if not encoded.startswith("xn--"):
        raise ValueError("the domain imitates another one")
    return encoded


def spellings(email: str) -> list[str]:
    """Return the address, and its other spellings in Directus."""
    try:
        in_ascii = to_ascii(email)
        local, at, domain = in_ascii.rpartition("@")
        if "xn--" not in domain:
            return [email]
        in_letters = local + at + idna.decode(domain)
    except ValueError:
        return [email]
    # Directus ignores the case.
    found: dict[str, str] = {}
    for each in (email, in_ascii, in_letters):
        found.setdefault(each.lower(), each)
    return list(found.values())
