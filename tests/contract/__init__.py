"""What the product relies on, asked of the fake and of the real Directus alike."""
