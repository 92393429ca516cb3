"""Why a set-up stops before it changes anything."""


class ProvisioningError(Exception):
    """Directus is in a state that the set-up must not touch; str() says why."""
