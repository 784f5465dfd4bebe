"""How good probabilities are: metrics, report, figures."""
