"""What simulations leave behind: a manifest, files of atoms, logs."""
