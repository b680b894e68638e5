"""Events: what they are, who wants which, and the hub that carries them."""
