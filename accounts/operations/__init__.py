"""What operators do with users, sessions and Directus: by command or in the admin."""
