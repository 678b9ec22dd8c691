// Catch2 2.13 (Debian 12) and 3.x under one include.
#ifndef TESTS_SUPPORT_CATCH_H_
#define TESTS_SUPPORT_CATCH_H_

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif  // TESTS_SUPPORT_CATCH_H_
