"""The papers' protocol: predictions on several splits, and the tables of them."""
