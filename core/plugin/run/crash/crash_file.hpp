// The layout of the CrashMarks file. Private to crash_marks.cpp and crash_handler.cpp. Written and read by the same program on the same
// machine, so the byte order does not matter.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "plugin/run/crash/crash_marks.hpp"

namespace belfry::plugin {

enum SlotState : std::uint32_t { kIdle = 0, kCalling = 1, kCrashed = 2, kExited = 3 };
enum ProcessEnd : std::uint32_t { kRunning = 0, kCleanExit = 1, kRecorded = 2 };

// The call of one thread. Text is zero-terminated and truncated to fit.
struct Slot {
  std::atomic<std::uint32_t> state;
  std::int32_t number;
  std::uint32_t attempt;
  std::atomic<std::uint32_t> taken;  // by a thread of this process
  std::array<char, 24> call;
  std::array<char, 40> delivery;
  std::array<char, 64> sink;
  std::array<char, 80> code;
  std::array<char, 288> plugin;
};

// The address range of a plugin's machine code; valid in this process only.
struct Code {
  std::atomic<std::uintptr_t> begin;
  std::atomic<std::uintptr_t> end;
  std::array<char, 64> sink;
  std::array<char, 80> code;
  std::array<char, 288> plugin;
};

inline constexpr std::size_t kSlots = 128;
inline constexpr std::size_t kCodes = 128;
inline constexpr std::array<char, 8> kMagic = {'B', 'L', 'F', 'Y', 'M', 'R', 'K', '1'};

struct CrashMarks::File {
  std::array<char, 8> magic;
  std::atomic<std::uint32_t> end;
  std::int32_t process;
  std::array<Slot, kSlots> slots;
  Slot foreign;  // for a thread without a marked call
  std::atomic<std::uint32_t> foreign_taken;
  std::array<Code, kCodes> codes;
};

template <std::size_t N>
void copy_text(std::array<char, N>& to, std::string_view from) {
  const auto length = from.size() < N - 1 ? from.size() : N - 1;
  __builtin_memcpy(to.data(), from.data(), length);
  to[length] = '\0';
}

template <std::size_t N>
std::string_view text_in(const std::array<char, N>& text) {
  std::size_t length = 0;
  while (length < N && text[length] != '\0') ++length;
  return {text.data(), length};
}

// The slot of this thread's call in progress; null when there is none. Async-signal-safe.
Slot* slot_of_this_thread();

// Installs the signal handlers and the exit handlers for this file.
void watch_process(CrashMarks::File& file);

}  // namespace belfry::plugin
