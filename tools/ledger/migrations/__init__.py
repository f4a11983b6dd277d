"""The steps that build a ledger file; a revision that was released is never edited."""
