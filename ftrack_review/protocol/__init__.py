"""What client and server both speak: pure functions and values, without a socket, file, thread or clock."""
