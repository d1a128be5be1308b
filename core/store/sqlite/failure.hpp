// What SQLite's result codes mean for people.
#pragma once
#include <filesystem>

#include "store/medium.hpp"

namespace belfry::store::sqlite {

// `errno_code`: of the system call that failed; 0: none is known.
[[nodiscard]] MediumFailure failure_of(const std::filesystem::path& file, int code, int errno_code = 0);

}  // namespace belfry::store::sqlite
