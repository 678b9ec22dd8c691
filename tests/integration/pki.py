"""Certificates for the tests, made by the program MAKE_PKI."""

import functools
import pathlib
import subprocess
import tempfile

from harness import program


class Pki:
    """The certificates of tests/support/pki.h, as files."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="pki-")
        subprocess.run([program("MAKE_PKI"), self._directory.name],
                       stdin=subprocess.DEVNULL, check=True)
        self.roots = self._file("roots.pem")
        self.cross_roots = self._file("cross-roots.pem")

    def _file(self, name):
        return pathlib.Path(self._directory.name) / name

    def certificate(self, name):
        """The certificate, then what is sent with it."""
        return self._file(f"{name}.crt")

    def key(self, name):
        return self._file(f"{name}.key")

    def identity(self, name):
        return self.certificate(name), self.key(name)


@functools.cache
def pki():
    """The one of this test program, made when first asked for."""
    return Pki()
