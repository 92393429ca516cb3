"""Forms. They validate and define their layout, and make no calls to Directus."""
