"""Command lines: thin, over the library. Nothing imports them."""
