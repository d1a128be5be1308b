// Readable errors for SQLite's result codes.
#pragma once
#include <filesystem>

#include "store/medium.hpp"

namespace belfry::store::sqlite {

// `errno_code`: from the failed system call; 0: unknown.
[[nodiscard]] MediumFailure failure_of(const std::filesystem::path& file, int code, int errno_code = 0);

}  // namespace belfry::store::sqlite
