"""
Attacks and malformed answers, run through the real desk: `python -m tests.redteam FILE...`.

Two formats are read: news that tries to take the crew over, with what a wholly obedient crew
would do (`rogue`) and what must not happen; and answers of models, with how they are to be
handled. contract.py is the one place that knows their names for things and ours.
"""
