"""What served models meet, and whether that calls for retraining."""
