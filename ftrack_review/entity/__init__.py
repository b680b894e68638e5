"""Live entities: the base of all, the factory that makes their classes, and the types with methods."""
