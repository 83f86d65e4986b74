"""`queue`: which fixes of one line of history a stable branch needs, and the series of them."""
