"""Facts about a request and its browser: address, name, language, cookies, links."""
