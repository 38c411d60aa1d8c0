"""Valohai's wire, and what Valo adds to it: routes, shapes, and the binder that puts them on tornado."""
