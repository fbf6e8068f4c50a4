"""What models see, in theory and measured."""
