"""Customers' own data: class-based views over collections of Directus."""
