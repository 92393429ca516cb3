"""The mirror kept up to date: by directus_sync, and by the webhook."""
