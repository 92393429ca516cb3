"""Limits on attempts, sign-ins and mails, counted in the database."""
