"""The error of a set-up that stops before it changes anything."""


class ProvisioningError(Exception):
    """The set-up must not change this Directus; str() says why."""
