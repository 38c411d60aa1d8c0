"""Tables, migrations and connections; SQLite for one machine, PostgreSQL for a team."""

from valo_jupyter.db.again import again_if_overtaken as again_if_overtaken
from valo_jupyter.db.database import Connection as Connection
from valo_jupyter.db.database import Database as Database
