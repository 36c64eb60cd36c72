"""The papers' experiments on learning to rank, sized by flags."""
