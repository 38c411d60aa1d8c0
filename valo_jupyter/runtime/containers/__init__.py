"""Containers: the kernel or the commands run inside, what drives them outside."""
