# Every outside library, found once. Why each is here: docs/explanation/architecture.md.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS headers url)
find_package(OpenSSL 3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(spdlog REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
# A sanitizer brings an allocator of its own.
if(NOT BELFRY_SANITIZE AND NOT BELFRY_FUZZ)
  pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
endif()
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
find_path(CLI11_INCLUDE_DIR CLI/CLI.hpp REQUIRED)
find_path(RAPIDJSON_INCLUDE_DIR rapidjson/reader.h REQUIRED)
find_path(VALIJSON_INCLUDE_DIR valijson/validator.hpp REQUIRED)
if(BELFRY_TESTS)
  find_package(GTest REQUIRED)
endif()

# Asio and Beast are compiled once, in core/net/boost_impl.cpp; everyone who includes them must say so.
add_library(belfry_boost INTERFACE)
target_link_libraries(belfry_boost INTERFACE Boost::headers Boost::url Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
target_compile_definitions(belfry_boost INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_COROUTINE)
