"""One study each: reach, optimisers, gradients, nested lists, sentiment, pairs, text."""
