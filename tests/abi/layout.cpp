// Checks that the header is valid C++ on its own, in each version from C++11 on, and has the pinned layout.
#include <belfry/plugin.h>

#include <type_traits>

#define VALUE(name, value) static_assert((name) == (value), "value of " #name);
#define SIZE(type, bytes)                                   \
  static_assert(sizeof(type) == (bytes), "size of " #type); \
  static_assert(std::is_standard_layout<type>::value && std::is_trivial<type>::value, #type " is plain data");
#define OFFSET(type, field, at) static_assert(offsetof(type, field) == (at), "offset of " #field " in " #type);
#include "layout.inc"

// The macro is part of the header, so it has to compile as well.
bool reaches_wait_time(const belfry_host_rate_limit* table);
bool reaches_wait_time(const belfry_host_rate_limit* table) { return BELFRY_HAS(table, wait_time_ms); }
