"""What a user does, one module a flow. A flow knows the request, and no template."""
