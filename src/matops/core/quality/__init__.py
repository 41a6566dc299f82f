"""How good a model is: metrics, intervals, domain, gates, its card."""
