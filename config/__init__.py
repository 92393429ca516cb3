"""Settings, entry point and error pages of the site."""

__version__ = "1.0.0"
