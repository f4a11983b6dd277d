"""The one record of what was decided and done; open it with `tools.ledger.ledger.Ledger`."""
