"""Settings, entry point and error pages of the site."""

# The head of CHANGELOG.md names it, too.
__version__ = "1.1.0"
