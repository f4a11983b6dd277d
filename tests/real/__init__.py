"""Proofs on real candles; they skip where ../shared is absent."""
