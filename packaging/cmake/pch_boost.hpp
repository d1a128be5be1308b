// Precompiled header for core/net: pch_std.hpp and the Boost headers that are slow to compile.
#pragma once
#include "pch_std.hpp"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>
