// Implementation of Runtime and Strand. Private to core/net.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "net/asio.hpp"
#include "net/executor.hpp"
#include "net/lookup_pool.hpp"
#include "net/tls.hpp"

namespace belfry::net {

struct Runtime::Impl {
  Impl(std::string thread_name, base::Logger logger) : name(std::move(thread_name)), log(std::move(logger)) {}
  ~Impl() { lookups->close(); }  // their handlers post to strands of this io_context

  void run();
  void drop_the_rest();
  // Wraps a task so that it does nothing during drop_the_rest(). The Impl outlives its tasks.
  auto guarded(Task task) {
    return [this, task = std::move(task)]() mutable {
      if (!dropping) task();
      exit_if_requested();
    };
  }
  static void exit_if_requested();

  struct Worker {
    std::thread thread;
    bool ended = false;
  };

  const std::string name;
  const base::Logger log;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};

  TrustStores trust_stores;  // shared by all clients of this runtime
  std::shared_ptr<LookupPool> lookups = std::make_shared<LookupPool>();

  std::atomic<bool> dropping = false;
  std::mutex mutex;
  std::condition_variable thread_ended;
  std::vector<std::shared_ptr<Worker>> workers;
};

struct Strand::Impl {
  Executor executor;
  Runtime::Impl& runtime;
};

}  // namespace belfry::net
