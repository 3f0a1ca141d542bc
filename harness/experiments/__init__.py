"""One room for each experiment. No experiment imports another."""
