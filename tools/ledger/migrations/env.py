"""
Alembic's way in: the connection is handed over by tools/ledger/revision.py.

There is no alembic.ini and no offline mode: the desk upgrades its own file, from any
folder, in the one transaction that the caller holds open.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)

with context.begin_transaction():
    context.run_migrations()
