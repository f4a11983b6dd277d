"""What surrounds the market and no venue tells; a source that is down is a missing value."""
