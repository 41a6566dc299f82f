"""Commands that study and screen."""
