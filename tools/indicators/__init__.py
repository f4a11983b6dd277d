"""
Candles in, finished numbers out, so that no model ever does arithmetic.

One file per indicator, one line in `registry.py`. What the screen needs is numpy and
cheap to import; pandas is loaded only when an agent asks for the whole table.
"""
