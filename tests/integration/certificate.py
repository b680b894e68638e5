"""A certificate for tests, which openssl makes and no one trusts."""

import shutil
import subprocess

import pytest


def make_certificate(folder, *options):
    if shutil.which("openssl") is None:
        pytest.fail("openssl, which makes the certificate, is not installed: install it and run this again")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-days", "2", "-subj", "/CN=localhost"]
        + [
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-out",
            str(certificate),
            "-keyout",
            str(key),
        ]
        + list(options or ["-nodes"]),
        check=True,
        capture_output=True,
        timeout=60,
    )
    return certificate, key
