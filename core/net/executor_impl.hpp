// What a Runtime and a Strand are made of. Private to core/net.
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
  ~Impl() { lookups->close(); }  // they report to strands of this io_context

  void run();
  void drop_the_rest();
  // What is posted: does nothing once the rest is dropped. The Impl is there whenever a task of it runs.
  auto guarded(Task task) {
    return [this, task = std::move(task)]() mutable {
      if (!dropping) task();
      leave_if_asked();
    };
  }
  static void leave_if_asked();

  struct Worker {
    std::thread thread;
    bool ended = false;
  };

  const std::string name;
  const base::Logger log;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};

  Authorities authorities;  // of all clients that run here
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
