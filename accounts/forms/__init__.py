"""Forms: they validate and lay themselves out. They make no calls."""
