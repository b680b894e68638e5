"""The other side: a server that speaks the ftrack protocol, on a database of its own."""
