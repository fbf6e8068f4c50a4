"""Any function over many settings: a store of records, claims, processes, progress; knows no model."""
