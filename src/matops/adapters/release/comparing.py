"""What an arm's server and whoever compares arms agree on."""

RECENT = "/internal/recent"
"""Path at which a server tells the samples that clients asked about lately."""
COMPARISON = "x-matops-comparison"
"""Header of a request that no client made: it is answered like any other and not counted."""
