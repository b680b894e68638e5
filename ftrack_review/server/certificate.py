"""The certificate for HTTPS, checked before anything is made. Called by ``serving``."""

from __future__ import annotations

import os
import ssl

from ftrack_review.exception import ConfigurationError

__all__ = ["check"]


def check(certificate: str, key: str) -> None:
    """Raise ConfigurationError unless the files *certificate* and *key* belong together and can be used."""
    for path in (certificate, key):
        if not os.path.isfile(path):
            raise ConfigurationError(f"There is no file {path}.")
    try:
        # Nobody could be asked for the password when a service starts. The empty one is wrong.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, lambda: "")
    except OSError as error:
        raise ConfigurationError(
            f"The certificate {certificate} cannot be used with the key {key}: {error.strerror or error}. Both have "
            "to be PEM files that belong together, the key without a password."
        ) from error
