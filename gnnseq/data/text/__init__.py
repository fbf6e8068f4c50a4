"""Text: vocabularies, windows, word vectors and a book."""
