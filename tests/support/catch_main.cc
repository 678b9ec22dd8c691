// The main() of every unit test, compiled once.
#include <csignal>

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
int main(int argc, char* argv[]) { return Catch::Session().run(argc, argv); }
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

namespace {

// As the program does: a peer that is gone is an error of a write, no signal.
[[maybe_unused]] const auto kBefore = std::signal(SIGPIPE, SIG_IGN);

}  // namespace
