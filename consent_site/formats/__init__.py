"""Date formats, where the pages should say something else than Django does by itself."""
