"""What all parts use: the cache, clients for Directus, mails, the audit trail."""
