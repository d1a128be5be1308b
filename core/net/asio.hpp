// The Asio types that core/net uses, with concrete executors: the type-erased executor is slower, and ThreadSanitizer reports races in it.
// Private to core/net: included by its .cpp files and private headers only.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include "base/clock.hpp"

namespace belfry::net {

namespace asio = boost::asio;
using boost::system::error_code;

using Executor = asio::strand<asio::io_context::executor_type>;
using SteadyTimer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

template <class T>
using Awaitable = asio::awaitable<T, Executor>;

// Completion token: co_await stores the error in `ec` instead of throwing it.
inline auto returning(error_code& ec) { return asio::redirect_error(asio::use_awaitable_t<Executor>(), ec); }

// `after` from now, at most ten years, so that base::Millis::max() does not overflow the clock.
inline base::SteadyTime from_now(base::Millis after) {
  return std::chrono::steady_clock::now() + std::min<base::Millis>(after, std::chrono::years(10));
}

}  // namespace belfry::net
