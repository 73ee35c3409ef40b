"""Data sources: what they emit is run on files that the tests make."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")  # which the tests compare with
