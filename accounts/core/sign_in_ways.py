"""The ways to sign in that Directus offers, in words for pages."""


def label_of(provider: str) -> str:
    """Return what pages call a provider; its name in capitals if no label is known."""
    return provider.replace("_", " ").replace("-", " ").title()
