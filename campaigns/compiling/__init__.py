"""From Jinja in MJML to Jinja in HTML and in plain text, once per version, language and arm."""
