"""Operators' actions on users, sessions and Directus, for commands and the admin."""
