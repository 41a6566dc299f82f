"""What an evaluation leaves in its directory: a candidate's package, and what explains it."""

PACKAGE, REPORT, ROWS = "package", "report.html", "test_predictions.csv"
PARITY = "parity.html"
