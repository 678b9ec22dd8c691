#!/usr/bin/env python3
"""What the documents say: links lead somewhere, YAML is YAML, and our own
configurations among it are accepted by the program."""

import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

from harness import program

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def documents():
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True,
                            capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split()]


def anchors(text):
    """Those that GitHub makes of the headings."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.M):
        words = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading)
        words = re.sub(r"[^\w\- ]", "", words.lower())
        found.add(words.replace(" ", "-"))
    return found


class ReadmeTest(unittest.TestCase):
    def test_links(self):
        checked = 0
        for document in documents():
            text = document.read_text(encoding="utf-8")
            for link in LINK.findall(FENCE.sub("", text)):
                if re.match(r"\w+:", link):
                    continue
                path, _, anchor = link.partition("#")
                where = f"{document.relative_to(ROOT)}: {link}"
                target = document.parent / path if path else document
                self.assertTrue(target.exists(), where)
                if anchor:
                    self.assertIn(anchor, anchors(target.read_text("utf-8")),
                                  where)
                checked += 1
        self.assertGreater(checked, 20)

    def test_yaml(self):
        for document in documents():
            for language, body in FENCE.findall(document.read_text("utf-8")):
                if language == "yaml":
                    with self.subTest(document=document.name, body=body):
                        list(yaml.safe_load_all(body.replace("[...]", "[]")))

    def test_our_configurations_in_the_readme_are_accepted(self):
        """Those that begin with `# smtp.yml`."""
        found = [body for language, body
                 in FENCE.findall((ROOT / "README.md").read_text("utf-8"))
                 if language == "yaml" and body.startswith("# smtp.yml")]
        self.assertGreaterEqual(len(found), 2)
        for body in found:
            with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
                file.write(body)
                file.flush()
                done = subprocess.run(
                    [program("SMTP_PROBER"), f"--config.file={file.name}",
                     "--config.check"],
                    capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, body + done.stderr)


if __name__ == "__main__":
    unittest.main()
