// Precompiled for core/net: what pch_std.hpp holds, and the slow Boost headers.
#pragma once
#include "pch_std.hpp"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>
