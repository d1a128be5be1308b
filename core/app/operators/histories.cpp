#include "app/operators/histories.hpp"

#include <memory>

namespace belfry::app {
namespace {

struct Reading {
  store::Store& store;
  std::vector<std::string> ids;
  store::Handler<std::vector<store::History>> handler;
  std::vector<store::History> found = {};
  std::size_t next = 0;
};

void read_next(const std::shared_ptr<Reading>& reading) {
  if (reading->next == reading->ids.size()) return reading->handler(std::move(reading->found));
  reading->store.history(reading->ids[reading->next++], [reading](base::Result<store::History> history) {
    if (!history && history.error().code != base::ErrorCode::not_found) return reading->handler(std::unexpected(history.error()));
    if (history) reading->found.push_back(*std::move(history));
    read_next(reading);
  });
}

}  // namespace

void read_histories(store::Store& store, std::vector<std::string> ids, store::Handler<std::vector<store::History>> handler) {
  read_next(std::make_shared<Reading>(Reading{store, std::move(ids), std::move(handler)}));
}

}  // namespace belfry::app
