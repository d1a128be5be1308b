# Compiler settings that hold for every target of the project.
option(BELFRY_TESTS "Build the tests" ON)
option(BELFRY_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
option(BELFRY_COVERAGE "Instrument for gcov" OFF)
option(BELFRY_WERROR "Warnings are errors; off for a build with a compiler that nobody has seen yet" ON)
option(BELFRY_MANUAL "Make the man page and the shell completions (needs Python)" ON)
option(BELFRY_BUNDLED "Link or ship every library but glibc, libstdc++, OpenSSL and libsystemd" OFF)
set(BELFRY_SANITIZE "" CACHE STRING "Sanitizers, comma separated: address,undefined or thread")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# One precompiled header serves libraries and programs only when both are compiled alike.
set(CMAKE_C_COMPILE_OPTIONS_PIE "-fPIC")
set(CMAKE_CXX_COMPILE_OPTIONS_PIE "-fPIC")
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

add_compile_options(-pthread)
add_link_options(-pthread)
add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion "$<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>"
  "$<$<BOOL:${BELFRY_WERROR}>:-Werror>" "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>")
add_compile_options("$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fconcepts-diagnostics-depth=2>")
add_compile_options("$<$<CONFIG:Debug>:-g1>")
# -O3 buys nothing for a program that waits for disks and networks, and GCC 12 warns falsely about std::string at that level.
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
# These report std::string's own small buffer in GCC 12 once it inlines (GCC bugs 105329, 105651, 107852).
foreach(warning array-bounds stringop-overflow stringop-overread restrict)
  add_compile_options("$<$<AND:$<CONFIG:Release>,$<COMPILE_LANG_AND_ID:CXX,GNU>>:-Wno-${warning}>")
endforeach()
add_compile_options("$<$<CONFIG:Release>:-g1>" "$<$<CONFIG:Release>:-fstack-protector-strong>")
add_link_options("$<$<CONFIG:Release>:LINKER:-z,relro,-z,now>")
if(BELFRY_SANITIZE)
  add_compile_options("-fsanitize=${BELFRY_SANITIZE}" -fno-omit-frame-pointer)
  add_link_options("-fsanitize=${BELFRY_SANITIZE}")
  if(BELFRY_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  # GCC 12 reports false positives from its own middle end once a sanitizer rewrites the code.
  add_compile_options("$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>" "$<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>")
  if(BELFRY_SANITIZE MATCHES "thread")
    add_compile_options("$<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>")
  endif()
endif()
if(BELFRY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined "-fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/tests/support/fuzz.ignore")
  # Clang 19 reads the bodies of templates that nobody uses, and Debian's RapidJSON has one that is wrong (GenericStringRef::operator=).
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fdelayed-template-parsing>" -Wno-delayed-template-parsing-in-cxx20)
  # libstdc++ 12 sorts stably with std::get_temporary_buffer, which C++17 deprecates.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-Wno-deprecated-declarations>")
  add_link_options(-fsanitize=address,undefined)
endif()
if(BELFRY_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

find_program(BELFRY_CCACHE ccache)
if(BELFRY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are only cached with these two settings (ccache manual, "Precompiled headers").
  # The directory does not count: it is mapped away in what is built, so that every checkout shares the cache.
  set(belfry_launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_NOHASHDIR=1 "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" ${BELFRY_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${belfry_launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${belfry_launcher})
  add_compile_options("$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>")
endif()
