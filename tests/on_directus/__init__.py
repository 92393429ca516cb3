"""Customers' own data on a real Directus."""
