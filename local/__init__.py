"""Programs beside Django on a developer's machine: Directus, its mails, their start."""
