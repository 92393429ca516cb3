"""The local rows of the users of Directus: one place decides what is written."""
