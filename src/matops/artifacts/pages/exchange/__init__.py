"""What other programs read of a package and its data: model card, RO-Crate, Croissant."""
