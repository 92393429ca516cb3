"""Keep the mirror up to date: with directus_sync, and with the webhook."""
