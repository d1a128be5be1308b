// Reads the histories of several notifications, one after the other, so that other store operations can run in between.
// Thread rule: any thread; the handler runs on the store's thread.
#pragma once
#include "store/store.hpp"

namespace belfry::app {

// In the order of `ids`; leaves out those that were removed meanwhile.
void read_histories(store::Store& store, std::vector<std::string> ids, store::Handler<std::vector<store::History>> handler);

}  // namespace belfry::app
