"""Real services that the tests start: each on loopback, in a folder of its own, ended by its own process id."""
