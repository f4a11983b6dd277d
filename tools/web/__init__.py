"""
The one way to read from the web: checked addresses, hard limits, nothing sent but the question.

What comes back was written by strangers. Nothing here follows a link or runs what it reads.
"""
