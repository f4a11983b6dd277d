"""What the screen asks of a market before any model is asked: numpy only, cheap to import."""
