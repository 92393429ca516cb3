"""What a request or a browser is: its address, name, language, cookies and links."""
