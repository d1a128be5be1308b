// Precompiled for the tests: what pch_std.hpp holds, and GoogleTest.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pch_std.hpp"
