// One visitor for std::visit from a lambda for each alternative.
#pragma once

namespace belfry::base {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

}  // namespace belfry::base
