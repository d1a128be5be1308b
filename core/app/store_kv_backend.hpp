// Key-value state of plugins, kept in the gateway's store.
#pragma once
#include "plugin/contract/backends.hpp"
#include "store/store.hpp"

namespace belfry::app {

class StoreKvBackend final : public plugin::KvBackend {
 public:
  explicit StoreKvBackend(store::Store& store) : store_(store) {}

  void get(std::string scope, std::string key, Handler<std::optional<Value>> handler) override {
    store_.kv_get(std::move(scope), std::move(key),
                  [handler = std::move(handler)](base::Result<std::optional<store::KvValue>> found) mutable {
                    if (!found) return handler(std::unexpected(std::move(found.error())));
                    if (!*found) return handler(std::optional<Value>{});
                    handler(std::optional(Value{std::move((*found)->value), (*found)->version}));
                  });
  }

  void put(std::string scope, std::string key, std::string value, std::optional<std::uint64_t> expected,
           Handler<std::uint64_t> handler) override {
    store_.kv_put(std::move(scope), std::move(key), std::move(value), expected, std::move(handler));
  }

  void erase(std::string scope, std::string key, Handler<bool> handler) override {
    store_.kv_erase(std::move(scope), std::move(key), std::move(handler));
  }

 private:
  store::Store& store_;
};

}  // namespace belfry::app
