"""What equations are made of: units, the symmetry's factors, and how terms are chosen."""
