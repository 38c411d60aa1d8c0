"""Executions through faults of every kind: none lost, none run twice, none left behind."""
