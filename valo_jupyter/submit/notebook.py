"""A notebook's file as it is on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from valo_jupyter.domain.errors import Invalid, NotFound


def read_notebook(path: Path) -> dict[str, Any]:
    """The JSON of the notebook at `path`."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"There is no notebook {path}. Save it first, or check the path.") from None
    except IsADirectoryError:
        raise Invalid(f"{path} is a folder, not a notebook (.ipynb).") from None
    except ValueError as error:
        if path.suffix != ".ipynb":
            raise Invalid(f"{path} is not a notebook (.ipynb).") from None
        raise Invalid(f"{path} cannot be read as a notebook, which is JSON: {error}.") from error
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror or error}.") from error
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise Invalid(f"{path} is not a notebook of format 4. Open it in Jupyter and save it again.")
    return content
