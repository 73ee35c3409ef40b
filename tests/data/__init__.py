"""Data sources: what they emit is run on files that the tests make."""
