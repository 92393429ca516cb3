"""Which passwords are accepted, and which of them never go to Directus."""
