"""N-ary Tree-LSTMs with a backward pass written by hand."""
