"""What the champion meets, and whether to retrain."""
