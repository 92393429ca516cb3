"""The profile in Directus: values, fields that operators added, and the photo."""
