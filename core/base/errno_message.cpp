#include "base/errno_message.hpp"

#include <string_view>
#include <system_error>

namespace belfry::base {
namespace {

std::string_view advice(int error) {
  switch (error) {
    case ENOSPC: return "; free some space there";
    case EDQUOT: return "; raise the quota, or free some space there";
    case EFBIG: return "; raise the file size limit";
    default: return "";
  }
}

}  // namespace

std::string errno_message(int error) { return std::generic_category().message(error).append(advice(error)); }

}  // namespace belfry::base
