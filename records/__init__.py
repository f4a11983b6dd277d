"""
The nouns that flow through one cycle: frozen, typed, with units in their names.

Every package may import records; records import nothing of the desk. Import from
the modules (`records.proposal`), not from here, so that a halted cycle does not
pay for numpy.
"""
