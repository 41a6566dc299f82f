"""What a sample is: a surface of a crystal with known bulk properties."""
