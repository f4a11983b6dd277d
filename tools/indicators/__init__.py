"""
Candles in, finished numbers out, so that no model ever does arithmetic.

One file per indicator, one line in `registry.py`. All of it is numpy and cheap to import:
the screen runs in processes that start cold every minute, and pandas would be their cost.
"""
