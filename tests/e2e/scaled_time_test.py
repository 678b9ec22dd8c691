#!/usr/bin/env python3
"""The faster clock changes what is a time, and refuses what may be one."""

import unittest

from scaled_time import ScaledTime

TIME = ScaledTime(60)


class ScaledTimeTest(unittest.TestCase):
    def check(self, expression, scaled):
        self.assertEqual(TIME.expression(expression).split(), scaled.split())

    def test_times_of_an_expression(self):
        self.check('max_over_time(a:b{c="5m",d=~"\\"1h"}[1h30m:5m] offset 1d)',
                   'max_over_time ( a:b { c = "5m" , d =~ "\\"1h" } '
                   "[ 90000ms : 5000ms ] offset 1440000ms )")
        self.check("time() - smtp_probe_timestamp_seconds > 900  # 15m",
                   "time ( ) - smtp_probe_timestamp_seconds > 15")
        self.check("count_over_time(a[10m]) * smtp_probe_interval_seconds < 150",
                   "count_over_time ( a [ 10000ms ] ) * "
                   "smtp_probe_interval_seconds < 2.5")
        self.check("3 * clamp_min(smtp_probe_interval_seconds, 60)",
                   "3 * clamp_min ( smtp_probe_interval_seconds , 1 )")
        self.check("last_over_time(a[6h]) + 900 > timestamp(b) - 300",
                   "last_over_time ( a [ 360000ms ] ) + 15 > timestamp ( b ) - 5")

    def test_numbers_that_are_no_times(self):
        self.check("time() - smtp_x_timestamp_seconds < 3 * smtp_y",
                   "time ( ) - smtp_x_timestamp_seconds < 3 * smtp_y")
        self.check("left < 21 * 86400", "left < 21 * 86400")
        self.check("quantile_over_time(0.5, a[1m]) == 0",
                   "quantile_over_time ( 0.5 , a [ 1000ms ] ) == 0")

    def test_what_is_not_understood(self):
        for expression in ["a > 300", "900 < b", "a > 1e3", "a > 0x20",
                           "time() - start > 900", "a > 86400", "a[5]", "a ~ b",
                           "clamp_min(a, 60)"]:
            with self.subTest(expression), self.assertRaises(AssertionError):
                TIME.expression(expression)
        with self.assertRaises(AssertionError):
            TIME.duration("1ms")
        with self.assertRaises(AssertionError):
            TIME.duration("soon")

    def test_files(self):
        self.assertEqual(
            TIME.rules({"groups": [{"name": "g", "interval": "1m", "rules": [
                {"alert": "A", "expr": "up == 0", "for": "5m",
                 "labels": {"within": "5m"}}]}]}),
            {"groups": [{"name": "g", "interval": "1000ms", "rules": [
                {"alert": "A", "expr": "up == 0", "for": "5000ms",
                 "labels": {"within": "5m"}}]}]})
        # Alertmanager's own times count, too.
        self.assertEqual(
            TIME.routes({"route": {"receiver": "a", "routes": [
                {"group_wait": "2m"}]}}),
            {"route": {"receiver": "a", "group_wait": "500ms",
                       "group_interval": "5000ms",
                       "repeat_interval": "240000ms", "routes": [
                           {"group_wait": "2000ms"}]}})
        with self.assertRaises(AssertionError):
            TIME.routes({"route": {"some_new_wait": "5m"}})


if __name__ == "__main__":
    unittest.main()
