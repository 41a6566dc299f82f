"""Signatures of packages, by OpenSSF Model Signing: who wrote a verdict, and that it is unchanged.

The hashes on a card tell a damaged package from a whole one; whoever writes a card writes them
too. A signature covers all files of a package, its card and verdict among them. It stands beside
them in ``model.sig``, which the tool ``model_signing`` reads as well.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matops.core.errors import BadInput

if TYPE_CHECKING:
    from model_signing.hashing import Config as Hashing

SIGNATURE = "model.sig"
LARGEST_SIGNATURE_BYTES = 2**20


@dataclass(frozen=True)
class Signer:
    """Who signs.

    Attributes:
        private_key: PEM file with a key on the curve P-256, P-384 or P-521; None for a keyless
            signature by Sigstore, under the identity that this process has where it runs.
    """

    private_key: Path | None


@dataclass(frozen=True)
class Trust:
    """Whose signatures count.

    Attributes:
        public_key: PEM file with the public key; None for keyless signatures.
        identity: of the keyless signer, as in an e-mail address or the URI of a workload.
        issuer: URL of the OpenID provider that vouches for the identity.
    """

    public_key: Path | None
    identity: str = ""
    issuer: str = ""


def _all_files() -> "Hashing":
    from model_signing import hashing

    return hashing.Config().set_ignored_paths(paths=[SIGNATURE], ignore_git_paths=False)


def sign(package: Path, signer: Signer) -> None:
    """Write a package's signature, in place of one that it may have.

    Raises:
        BadInput: the key can't be used, or Sigstore gives no signature.
    """
    from model_signing.signing import Config

    config = Config().set_hashing_config(_all_files())
    try:
        if signer.private_key is None:
            config.use_sigstore_signer(use_ambient_credentials=True)
        else:
            config.use_elliptic_key_signer(private_key=signer.private_key)
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"{signer.private_key}: not a private key to sign with: {error}") from None
    try:
        config.sign(package, package / SIGNATURE)
    except Exception as error:  # Sigstore's errors have no root of their own
        raise BadInput(f"{package}: can't be signed: {_first_line(error)}") from None


def verify(package: Path, trust: Trust) -> None:
    """Check that a package is signed by whom we trust, and that all its files are the signed ones.

    Raises:
        BadInput: it has no signature, another's, or was changed since; or the key can't be used.
    """
    from model_signing.verifying import Config

    signature, config = package / SIGNATURE, Config().set_hashing_config(_all_files())
    try:
        if trust.public_key is None:
            config.use_sigstore_verifier(identity=trust.identity, oidc_issuer=trust.issuer)
        else:
            config.use_elliptic_key_verifier(public_key=trust.public_key)
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"{trust.public_key}: not a public key to trust: {error}") from None
    if not signature.is_file():
        raise BadInput(f"{package}: not signed, and only signed packages are trusted here")
    if signature.stat().st_size > LARGEST_SIGNATURE_BYTES:
        raise BadInput(f"{signature}: more than {LARGEST_SIGNATURE_BYTES:,} bytes: no signature")
    try:
        config.verify(package, signature)
    except Exception as error:  # whatever a forged file makes the library stumble over
        raise BadInput(f"{package}: {_refusal(error)}") from None


def signature_words(package: Path, trust: Trust | None) -> str:
    """What a stranger may think of a package's signature, after it was verified where one trusts.

    Raises:
        BadInput: it is not signed by whom we trust, or was changed since.
    """
    if trust:
        verify(package, trust)
        signer = trust.public_key.name if trust.public_key else f"{trust.identity}, {trust.issuer}"
        return f"signed, and verified on export against {signer}"
    if (package / SIGNATURE).is_file():
        return "signed; the exporter trusts no key, and has not verified it"
    return "not signed"


def _refusal(error: Exception) -> str:
    if str(error).startswith("Signature mismatch"):
        return "its files are not those that were signed"
    return f"not signed by whom we trust: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].strip()
