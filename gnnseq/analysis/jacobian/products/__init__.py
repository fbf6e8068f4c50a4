"""The Jacobian from products with vectors, which inputs far from each other share."""
