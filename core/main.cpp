#include "app/cli.hpp"

int main(int argc, char** argv) { return belfry::app::run(argc, argv); }
