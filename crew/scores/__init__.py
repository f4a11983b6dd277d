"""
How right every agent and every model was, from the ledger alone.

    ledger -> claims (who said what) -> statistics -> scorecard -> text

It asks no venue and no model, and starts no crew. A figure with too few independent cases
behind it is left out, and the scorecard says so.
"""
