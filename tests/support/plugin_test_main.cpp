// A test program that can be its own prober, as the gateway is: `PROGRAM plugin-probe FILE`.
#include <gtest/gtest.h>

#include <string_view>

#include "plugin/probe.hpp"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "plugin-probe") return belfry::plugin::probe_main(argc, argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
