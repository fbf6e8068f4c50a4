"""Checkpoints: what they hold, their file, and the trainings that resume from them."""
