"""The site in processes of its own, against the fake Directus behind a real socket.

For what only shows with several processes: leases, killed workers, shared caches.
"""
