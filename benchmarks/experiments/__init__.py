"""The papers' experiments on learning to rank, with sizes set by flags."""
