"""Files as people have them, made here, and what reading each must give."""
