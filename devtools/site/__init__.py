"""What the site (``mkdocs.yml``) needs beside ``docs``: pages of the tree, and their links."""
