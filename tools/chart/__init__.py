"""What a chart shows: its geometry as numbers, and the same as a picture."""
