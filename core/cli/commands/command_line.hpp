// The command line: argv -> subcommand -> exit code (0 done, 1 failed or invalid, 2 usage).
#pragma once

namespace belfry::cli {

[[nodiscard]] int run(int argc, char** argv);

}  // namespace belfry::cli
