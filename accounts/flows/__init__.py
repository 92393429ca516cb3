"""The flows of users, one module each. A flow knows the request, but no template."""
