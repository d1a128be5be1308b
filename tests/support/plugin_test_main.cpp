// main() of tests that probe plugins: like the gateway, the program runs itself as the probe's child process, `PROGRAM plugin-probe FILE`.
#include <gtest/gtest.h>

#include <string_view>

#include "plugin/inspect/probe.hpp"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "plugin-probe") return belfry::plugin::probe_main(argc, argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
