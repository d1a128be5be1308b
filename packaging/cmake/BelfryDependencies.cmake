# Finds every third-party library. docs/explanation/architecture.md lists what each is for.
if(BELFRY_BUNDLED)
  set(Boost_USE_STATIC_LIBS ON)
endif()
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS headers url)
find_package(OpenSSL 3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(ABSL_TIME REQUIRED IMPORTED_TARGET absl_time)
find_path(MUSTACHE_INCLUDE_DIR kainjow/mustache.hpp REQUIRED)
# Sanitizers replace the allocator themselves.
if(NOT BELFRY_SANITIZE AND NOT BELFRY_FUZZ)
  pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
endif()
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
# Static in every build: the library modifies a global table while it parses, and the gateway must not share that table with a plugin.
find_path(CMARK_GFM_INCLUDE_DIR cmark-gfm-core-extensions.h REQUIRED)
find_library(CMARK_GFM_ARCHIVE NAMES libcmark-gfm.a REQUIRED)
find_library(CMARK_GFM_EXTENSIONS_ARCHIVE NAMES libcmark-gfm-extensions.a REQUIRED)
find_path(CLI11_INCLUDE_DIR CLI/CLI.hpp REQUIRED)
find_path(RAPIDJSON_INCLUDE_DIR rapidjson/reader.h REQUIRED)
find_path(VALIJSON_INCLUDE_DIR valijson/validator.hpp REQUIRED)
if(BELFRY_TESTS)
  find_package(GTest REQUIRED)
endif()

# Asio and Beast are compiled once, in core/net/boost_impl.cpp; these definitions must be set wherever their headers are included.
add_library(belfry_boost INTERFACE)
target_link_libraries(belfry_boost INTERFACE Boost::headers Boost::url Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
target_compile_definitions(belfry_boost INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_COROUTINE)

if(BELFRY_BUNDLED)
  include(BelfryBundled)
endif()
