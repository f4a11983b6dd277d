"""One file per revision, oldest first; REVISIONS in tools/ledger/revision.py lists them."""
