"""
News of this cycle: read under hard limits, cleaned, shown inside one fence.

All of it is untrusted. Nothing here follows a link, and nothing in an item is obeyed.
"""
