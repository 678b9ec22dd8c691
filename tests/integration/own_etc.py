"""A program with an /etc of the test's own: what its host is configured with,
and how that changes while it runs."""

import pathlib
import subprocess
import tempfile

from harness import lacking

# The machine's roots of trust stay. The program takes the place of the shell,
# so that signals reach it.
_WITHIN = ["unshare", "--mount", "--propagation", "private", "sh", "-euc",
           'mount --bind /etc/ssl "$1/ssl"; mount --rbind "$1" /etc; shift; '
           'exec "$@"', "sh"]


class Etc:
    """`Prober(..., within=etc.command)` runs where these files are /etc."""

    def __init__(self, files=None):
        self._directory = tempfile.TemporaryDirectory(prefix="etc-")
        self._path = pathlib.Path(self._directory.name)
        (self._path / "ssl").mkdir()
        for name, text in (files or {}).items():
            self.replace(name, text)

    @property
    def command(self):
        return [*_WITHIN, self._path]

    def write(self, name, text):
        """Into the file that is there."""
        (self._path / name).write_text(text, encoding="ascii")

    def replace(self, name, text):
        """By another file, all at once."""
        self.write("new", text)
        (self._path / "new").rename(self._path / name)

    def link(self, name, target):
        """By a symbolic link, all at once."""
        (self._path / "new").symlink_to(target)
        (self._path / "new").rename(self._path / name)

    def remove(self, name):
        (self._path / name).unlink()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._directory.cleanup()


def require():
    """Raises when this machine cannot do it. To be called after
    netns.require, which makes root of whoever is not."""
    with Etc() as etc:
        done = subprocess.run([*etc.command, "true"], text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode != 0:
        raise lacking(f"no /etc of its own: {done.stderr.strip()}")
