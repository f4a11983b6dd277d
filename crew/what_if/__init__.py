"""
Recorded cycles again, with something changed: which decisions would have been others.

    change -> cases -> estimate -> again -> comparison -> hindsight -> table

It changes nothing of the desk. A model is asked only what the recording does not answer,
and no more than was agreed to beforehand.
"""
