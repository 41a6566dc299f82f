"""What an arm's server and whoever compares arms agree on."""

from hmac import compare_digest

RECENT = "/internal/recent"
"""Path at which a server tells the samples that clients asked about lately."""
COMPARISON = "x-matops-comparison"
"""Header of a request that no client made, with the deployment's token: it is answered like any
other and not counted. With another token it is a client's."""


def is_comparison(header: bytes | None, token: str) -> bool:
    """Whether a request is of who compares arms; a server without a token knows nobody as such."""
    return bool(token) and header is not None and compare_digest(header, token.encode())
