"""Recurrences that are linear in their states, computed by parallel scans."""
