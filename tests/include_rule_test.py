#!/usr/bin/env python3
"""Holds the rule about who may include what (ARCHITECTURE.md): each table
row is a kind of text, the paths that it is looked for in, and the paths that
may have it all the same."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PURE = r"probe/(smtp|tls|plan)/"


def include(pattern):
    return rf'#\s*include\s*[<"]{pattern}'


RULES = [
    # (what, pattern, where, except where)
    ("libuv in a pure folder", include(r"(uv\.h|probe/net/)"), PURE, None),
    ("DNS in a pure folder", include(r"(ares|probe/dns/)"), PURE, None),
    ("sockets in a pure folder",
     include(r"(sys/|netinet/|arpa/|netdb\.h|unistd\.h)"), PURE, None),
    ("OpenSSL outside tls/", include("openssl/"), PURE, "probe/tls/"),
    ("a clock in a pure folder",
     r"_clock::now\(|\b(clock_gettime|gettimeofday|uv_now|uv_hrtime)\(|"
     r"\btime\((nullptr|NULL|0|&)", PURE, None),
    ("exporter/ in probe/", include("exporter/"), "probe/", None),
    ("YAML outside config/", include("yaml-cpp/"), ".",
     "exporter/config/|tests/"),
    ("JSON outside config/ and api/", include("nlohmann/"), ".",
     "exporter/config/json_document.cc$|exporter/api/|tests/"),
    ("libidn2 outside host_name.cc", include("idn2"), ".",
     "exporter/config/host_name.cc$"),
    ("libcurl outside discovery/", include("curl/"), ".",
     "exporter/discovery/"),
    ("Prometheus outside metrics/", include("prometheus/"), ".",
     "exporter/metrics/|tests/unit/metrics/"),
    ("OpenSSL in exporter/ outside http/", include("openssl/"), "exporter/",
     "exporter/http/|exporter/config/shard.cc$"),
    ("crypt(3) outside basic_auth.cc", include("crypt.h"), ".",
     "exporter/http/basic_auth.cc$|tests/"),
    ("spdlog outside logging.cc", include("spdlog/"), ".",
     "exporter/logging.cc$"),
    ("CLI11 outside options.cc", include("CLI/"), ".",
     "exporter/(check/)?options.cc$"),
    ("libsystemd outside service_manager.cc", include("systemd/"), ".",
     "exporter/service_manager.cc$"),
    ("uv_close outside uv_handle.h", r"\buv_close\(", ".",
     "probe/net/uv_handle.h$|tests/"),
    ("tests/ outside tests/", include("tests/"), ".", "tests/"),
    ("an include that is not rooted at the repository",
     include(r"\.\.?/"), ".", None),
]


def violations(path, text):
    """The names of the rules that the file `path` breaks."""
    return [
        name for name, pattern, where, spared in RULES
        if re.match(where, path)
        and not (spared and re.match(spared, path))
        and re.search(pattern, text)
    ]


class IncludeRuleTest(unittest.TestCase):
    def test_the_repository_keeps_the_rule(self):
        files = [
            path for folder in ("probe", "exporter", "tests")
            for path in (ROOT / folder).rglob("*")
            if path.suffix in (".cc", ".h")
        ]
        self.assertGreater(len(files), 20)
        for path in sorted(files):
            name = path.relative_to(ROOT).as_posix()
            with self.subTest(name):
                text = path.read_text(encoding="utf-8")
                self.assertEqual(violations(name, text), [])

    def test_the_rule_notices(self):
        for path, text in [
            ("probe/smtp/reply.cc", "#include <uv.h>"),
            ("probe/plan/schedule.cc", '#include "probe/net/timer.h"'),
            ("probe/tls/engine.cc", "#  include <ares.h>"),
            ("probe/tls/engine.cc", "#include <sys/socket.h>"),
            ("probe/smtp/dialog.cc", "#include <openssl/ssl.h>"),
            ("probe/smtp/dialog.cc", "std::chrono::steady_clock::now()"),
            ("probe/session.cc", '#include "exporter/daemon.h"'),
            ("probe/session.cc", "#include <spdlog/spdlog.h>"),
            ("exporter/daemon.cc", "#include <yaml-cpp/yaml.h>"),
            ("exporter/daemon.cc", "#include <prometheus/registry.h>"),
            ("exporter/daemon.cc", "#include <CLI/CLI.hpp>"),
            ("exporter/daemon.cc", "#include <curl/curl.h>"),
            ("exporter/daemon.cc", "#include <openssl/ssl.h>"),
            ("exporter/http/gate.cc", "#include <crypt.h>"),
            ("exporter/http/routes.cc", "#include <nlohmann/json.hpp>"),
            ("exporter/config/labels.cc", "#include <idn2.h>"),
            ("exporter/daemon.cc", "#include <systemd/sd-daemon.h>"),
            ("exporter/daemon.cc", "uv_close(handle, nullptr);"),
            ("exporter/daemon.cc", '#include "tests/support/catch.h"'),
            ("exporter/daemon.cc", '#include "../probe/target.h"'),
        ]:
            with self.subTest(path=path, text=text):
                self.assertEqual(len(violations(path, text)), 1)

    def test_the_rule_spares(self):
        for path, text in [
            ("probe/tls/engine.cc", "#include <openssl/ssl.h>"),
            ("probe/net/tcp_stream.cc", "#include <uv.h>"),
            ("probe/net/uv_handle.h", "uv_close(handle, nullptr);"),
            ("exporter/daemon.cc", '#include "probe/net/uv_handle.h"'),
            ("exporter/config/config_reader.cc", "#include <yaml-cpp/yaml.h>"),
        ]:
            with self.subTest(path=path, text=text):
                self.assertEqual(violations(path, text), [])


if __name__ == "__main__":
    unittest.main()
