"""The composition roots: web process, engine process, and their life on the user's computer."""
