"""E-mail addresses whose domain has letters beyond ASCII.

Browsers send `x@bücher.de` as `x@xn--bcher-kva.de` or as it was typed: one mailbox.
Directus compares what it was given, and takes the two for different people.
"""

import idna

LONGEST_DOMAIN = 255


def to_ascii(email: str) -> str:
    """Return an address with its domain in ASCII and in small letters.

    Raises:
        ValueError: the domain is none.
    """
    local, at, domain = email.rpartition("@")
    if len(domain) > LONGEST_DOMAIN:
        raise ValueError("the domain is too long")
    if not domain.isascii():
        domain = idna.encode(domain, uts46=True).decode()
    elif "xn--" in domain.lower():
        # Whoever wrote it may have encoded letters that do not exist in domains.
        domain = idna.encode(idna.decode(domain.lower())).decode()
    return local + at + domain.lower()


def spellings(email: str) -> list[str]:
    """Return an address as it is, and as Directus may have it otherwise."""
    try:
        in_ascii = to_ascii(email)
        local, at, domain = in_ascii.rpartition("@")
        if "xn--" not in domain:
            return [email]
        in_letters = local + at + idna.decode(domain)
    except ValueError:
        return [email]
    # Directus does not mind the case.
    known = {each.lower(): each for each in (in_letters, in_ascii, email)}
    return list(reversed(known.values()))
