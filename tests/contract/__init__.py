"""Behaviour on which the site relies, checked on the fake and on a real Directus."""
