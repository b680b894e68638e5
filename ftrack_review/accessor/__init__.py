"""Access to the data of components, wherever it lies."""
