// Checks that the header is valid C++11 and has the pinned layout.
#include <belfry/plugin.h>

#include <type_traits>

#define SIZE(type, bytes)                                   \
  static_assert(sizeof(type) == (bytes), "size of " #type); \
  static_assert(std::is_standard_layout<type>::value && std::is_trivial<type>::value, #type " is plain data");
#define OFFSET(type, field, at) static_assert(offsetof(type, field) == (at), "offset of " #field " in " #type);
#include "layout.inc"
