"""Importing this registers every route."""

from valo_jupyter.api import accounts as accounts
from valo_jupyter.api import aliases as aliases
from valo_jupyter.api import commits as commits
from valo_jupyter.api import data as data
from valo_jupyter.api import datasets as datasets
from valo_jupyter.api import downloads as downloads
from valo_jupyter.api import environments as environments
from valo_jupyter.api import executions as executions
from valo_jupyter.api import machines as machines
from valo_jupyter.api import notebooks as notebooks
from valo_jupyter.api import projects as projects
from valo_jupyter.api import registries as registries
from valo_jupyter.api import schema as schema
from valo_jupyter.api import stores as stores
from valo_jupyter.api import streams as streams
from valo_jupyter.api import trials as trials
from valo_jupyter.api import uploads as uploads
