"""Trees and parses as batches."""
