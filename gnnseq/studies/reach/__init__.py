"""The reach and influence of models, in theory and measured."""
