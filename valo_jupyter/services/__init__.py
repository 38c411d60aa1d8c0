"""Use cases: each method is one short transaction, knows nothing of HTTP, and may be called from any thread."""

from valo_jupyter.services.root import Services as Services
