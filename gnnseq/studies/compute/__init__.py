"""Which models can track which automata: constructed weights and theorems."""
