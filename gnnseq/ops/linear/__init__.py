"""Linear recurrences on directed acyclic graphs."""
