"""Language models of characters."""
