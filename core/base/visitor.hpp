// Builds a visitor for std::visit from one lambda per alternative.
#pragma once

namespace belfry::base {

template <class... Fs>
struct Visitor : Fs... {
  using Fs::operator()...;
};

}  // namespace belfry::base
