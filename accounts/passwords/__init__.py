"""Rules for new passwords, and the passwords of local users."""
