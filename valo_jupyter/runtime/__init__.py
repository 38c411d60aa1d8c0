"""Beside the job, on its machine: fetch the code, run it, tell the server what happens."""
