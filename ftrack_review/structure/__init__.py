"""Rules that turn a component into the place of its data within a location."""
