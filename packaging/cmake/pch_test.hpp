// Precompiled header for the tests: pch_std.hpp and GoogleTest.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pch_std.hpp"
