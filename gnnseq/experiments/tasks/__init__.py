"""Tasks: samples as graphs of several views, a loss and a metric; one module each."""
