"""Trees over the words of sentences: readers and corpora."""
