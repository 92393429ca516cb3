"""Mirror users of Directus into local rows; this package alone writes them."""
