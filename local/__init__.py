"""What runs beside Django on one's own machine: Directus, its mails, their start."""
