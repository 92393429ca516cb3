"""Shared by all parts: the cache, clients for Directus, mails, the audit trail."""
