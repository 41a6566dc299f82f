"""Images of porous media: what they are, how they are read, what describes them."""
