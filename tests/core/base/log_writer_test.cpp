// The writer on real pipes: callers never wait, every lost line is counted, and the order is kept.
#include "base/log_writer.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace belfry::base {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr auto kFlushTimeout = 30s;

class Pipe {
 public:
  Pipe() {
    EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0);
    EXPECT_GE(::fcntl(ends_[1], F_SETPIPE_SZ, 4096), 4096);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_reader() {
    if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
  }
  // Reads until this line.
  std::vector<std::string> read_until(const std::string& last) {
    std::string text;
    char buffer[4096];
    while (!text.ends_with(last + "\n")) {
      const auto got = ::read(ends_[0], buffer, sizeof buffer);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return lines_of(text);
  }
  static std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

 private:
  int ends_[2]{-1, -1};
};

std::optional<unsigned long> gap_in(const std::string& line) {
  std::smatch found;
  if (!std::regex_search(line, found, std::regex("^\\d{4}-.*Z warning log lines were dropped.* count=(\\d+)$"))) return std::nullopt;
  return std::stoul(found[1]);
}

TEST(LogWriter, LinesKeepTheirOrder) {
  Pipe pipe;
  LogWriter writer(pipe.writer());
  for (int i = 0; i < 100; ++i) writer.write("line " + std::to_string(i));
  const auto lines = pipe.read_until("line 99");
  ASSERT_THAT(lines, SizeIs(100));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(lines[static_cast<std::size_t>(i)], "line " + std::to_string(i));
  EXPECT_EQ(writer.dropped(), 0U);
  EXPECT_TRUE(writer.flush(kFlushTimeout));
}

TEST(LogWriter, APipeThatNobodyReadsStopsNobodyAndTheGapIsCounted) {
  Pipe pipe;
  LogWriter writer(pipe.writer());
  constexpr int kLines = 30'000;
  const std::string pad(80, 'x');
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kLines; ++i) writer.write(std::to_string(thread) + " " + std::to_string(i) + " " + pad);
    });
  }
  threads.clear();  // join: they end although nothing is read
  const auto dropped = writer.dropped();
  EXPECT_GT(dropped, kLines);
  EXPECT_FALSE(writer.flush(1ms));
  unsigned long gaps = 0, whole = 0;
  std::thread reader([&] {
    const auto lines = pipe.read_until("the end");
    int last[3] = {-1, -1, -1};
    for (const auto& line : lines) {
      if (const auto gap = gap_in(line)) {
        gaps += *gap;
      } else if (line.ends_with(pad)) {
        const int thread = line[0] - '0';
        const int number = std::stoi(line.substr(2));
        EXPECT_GT(number, last[thread]);
        last[thread] = number;
        ++whole;
      }
    }
  });
  EXPECT_TRUE(writer.flush(kFlushTimeout));
  writer.write("the end");
  reader.join();
  EXPECT_EQ(writer.dropped(), dropped) << "nothing is dropped once the reader catches up";
  EXPECT_EQ(gaps, dropped);
  EXPECT_EQ(gaps + whole, 3UL * kLines);
}

TEST(LogWriter, TheGapIsSaidAsSoonAsItFlows) {
  Pipe pipe;
  LogWriter writer(pipe.writer());
  const std::string line(LogWriter::kMaxQueuedBytes / 2, 'x');
  for (int i = 0; i < 6; ++i) writer.write(line);
  const auto dropped = writer.dropped();
  EXPECT_GE(dropped, 2U);
  // Also without a later line.
  std::vector<std::string> lines = pipe.read_until("count=" + std::to_string(dropped));
  EXPECT_EQ(gap_in(lines.back()), dropped);
}

TEST(LogWriter, GoingTakesAtMostItsTimeAndLeavesTheRest) {
  Pipe pipe;
  const auto begun = std::chrono::steady_clock::now();
  {
    LogWriter writer(pipe.writer());
    for (int i = 0; i < 10'000; ++i) writer.write("nobody reads this");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);  // one second, plus a margin for a loaded machine
}

TEST(LogWriter, TheLastLinesAreWrittenBeforeItGoes) {
  Pipe pipe;
  std::vector<std::string> lines;
  std::thread reader([&] { lines = pipe.read_until("999"); });
  {
    LogWriter writer(pipe.writer());
    for (int i = 0; i < 1'000; ++i) writer.write(std::to_string(i));
  }
  reader.join();
  EXPECT_THAT(lines, SizeIs(1'000));
}

TEST(LogWriter, AReaderThatIsGoneCostsTheLinesOnly) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.close_reader();
  LogWriter writer(pipe.writer());
  for (int i = 0; i < 50; ++i) {
    writer.write("nobody");
    EXPECT_TRUE(writer.flush(kFlushTimeout));
  }
  EXPECT_EQ(writer.dropped(), 50U);
}

TEST(LogWriter, AFullDiskCostsTheLinesOnlyAndTheNextOneIsWhole) {
  // A file size limit stands in for a full disk: the write is cut, then fails.
  char name[] = "/tmp/belfry-log-XXXXXX";
  const int file = ::mkstemp(name);
  ASSERT_GE(file, 0);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{10, before.rlim_max};
  LogWriter writer(file);
  ::setrlimit(RLIMIT_FSIZE, &small);
  writer.write("first");
  EXPECT_TRUE(writer.flush(kFlushTimeout));
  writer.write("second is cut");
  EXPECT_TRUE(writer.flush(kFlushTimeout));
  writer.write("third");
  EXPECT_TRUE(writer.flush(kFlushTimeout));
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(writer.dropped(), 2U);
  writer.write("fourth");
  EXPECT_TRUE(writer.flush(kFlushTimeout));
  char text[4096];
  const auto size = ::pread(file, text, sizeof text, 0);
  ::close(file);
  ::unlink(name);
  EXPECT_THAT(Pipe::lines_of(std::string(text, static_cast<std::size_t>(size))),
              ElementsAre("first", "seco", MatchesRegex(".* warning log lines were dropped.* count=2"), "fourth"));
}

TEST(LogWriter, ASocketAsTheJournalHasOne) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  {
    LogWriter writer(ends[1]);
    for (int i = 0; i < 100'000; ++i) writer.write("nobody reads this either");
    EXPECT_GT(writer.dropped(), 0U);
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(LogWriter, LinesBeforeACrashAreWritten) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  const std::vector<int> signals{SIGABRT};  // a sanitizer ends the process on the other signals
#else
  const std::vector<int> signals{SIGSEGV, SIGABRT};
#endif
  for (const int signal : signals) {
    Pipe pipe;
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const rlimit none{0, 0};
      ::setrlimit(RLIMIT_CORE, &none);
      auto* writer = new LogWriter(pipe.writer());
      writer->flush_on_crash();
      for (int i = 0; i < 200; ++i) writer->write("before the end");
      writer->write("the last line");
      if (signal == SIGABRT) std::abort();
      ::raise(signal);
    }
    EXPECT_EQ(pipe.read_until("the last line").size(), 201U);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), signal) << "the signal still ends the process";
  }
}

TEST(LogWriter, ACrashDoesNotWaitForAPipeThatNobodyReads) {
  Pipe pipe;
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    auto* writer = new LogWriter(pipe.writer());
    writer->flush_on_crash();
    for (int i = 0; i < 2'000; ++i) writer->write("before the end");
    std::abort();
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST(LogWriter, TheLoggerWritesLinesWithTimeAndLevel) {
  Pipe pipe;
  const auto scrubber = std::make_shared<Scrubber>();
  scrubber->add_secret("hunter22");
  const auto log = log_to(std::make_shared<LogWriter>(pipe.writer()), LogLevel::info, scrubber);
  log.debug("not this");
  log.named("net").warn("listening", {{"password", "hunter22"}});
  log.info("the end");
  const auto lines = pipe.read_until("the end");
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], MatchesRegex("[0-9-]+T[0-9:.]+Z warning net: listening password=\\*\\*\\*"));
  EXPECT_THAT(lines[1], MatchesRegex("[0-9-]+T[0-9:.]+Z info  the end"));
}

TEST(LogWriter, LinesForTheJournalBeginWithTheirPriorityAndNoTime) {
  Pipe pipe;
  const auto log = log_to(std::make_shared<LogWriter>(pipe.writer(), LinePrefix::priority), LogLevel::debug, std::make_shared<Scrubber>());
  log.error("cannot start");
  log.warn("two\nlines");
  log.info("ready", {{"detail", "a\nb"}});
  log.named("net").debug("the end");
  EXPECT_THAT(pipe.read_until("<7>net: the end"),
              ElementsAre("<3>cannot start", "<4>two\\nlines", "<6>ready detail=\"a\\nb\"", "<7>net: the end"));
}

TEST(LogWriter, TheGapHasItsPriorityToo) {
  Pipe pipe;
  LogWriter writer(pipe.writer(), LinePrefix::priority);
  const std::string line(LogWriter::kMaxQueuedBytes / 2, 'x');
  for (int i = 0; i < 6; ++i) writer.write(line);
  const auto lines = pipe.read_until("count=" + std::to_string(writer.dropped()));
  EXPECT_THAT(lines.back(), MatchesRegex("<4>log lines were dropped.* count=[0-9]+"));
}

TEST(LogWriter, TheGapHasTheFormatOfTheLines) {
  Pipe pipe;
  const auto writer = std::make_shared<LogWriter>(pipe.writer());
  const auto log = log_to(writer, LogLevel::info, std::make_shared<Scrubber>(), LogFormat::json);
  log.info("first");
  const std::string line(LogWriter::kMaxQueuedBytes / 2, 'x');
  for (int i = 0; i < 6; ++i) writer->write(line);
  const auto lines = pipe.read_until("\"count\":" + std::to_string(writer->dropped()) + "}");
  EXPECT_THAT(lines.front(), MatchesRegex("\\{\"time\":\"[^\"]*\",\"level\":\"info\",\"event\":\"first\"}"));
  EXPECT_THAT(lines.back(), MatchesRegex("\\{\"time\":\"[^\"]*\",\"level\":\"warn\",\"event\":\"log lines were dropped.*"));
}

TEST(LogFormat, IsTextForATerminalAndTheJournalOnly) {
  Pipe pipe;
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_EQ(log_format_for(pipe.writer()), LogFormat::logfmt);
  EXPECT_EQ(log_format_for(-1), LogFormat::logfmt);

  const int controller = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(controller, 0);
  ASSERT_EQ(::grantpt(controller) | ::unlockpt(controller), 0);
  const int terminal = ::open(::ptsname(controller), O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  EXPECT_EQ(log_format_for(terminal), LogFormat::text);
  ::close(terminal);
  ::close(controller);

  struct stat info{};
  ASSERT_EQ(::fstat(pipe.writer(), &info), 0);
  ::setenv("JOURNAL_STREAM", (std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino)).c_str(), 1);
  EXPECT_EQ(log_format_for(pipe.writer()), LogFormat::text);
  ::unsetenv("JOURNAL_STREAM");
}

TEST(Journal, IsWhereTheVariableNamesDeviceAndInodeOfTheDescriptor) {
  Pipe pipe;
  struct stat info{};
  ASSERT_EQ(::fstat(pipe.writer(), &info), 0);
  const auto device = std::to_string(info.st_dev);
  const auto inode = std::to_string(info.st_ino);
  const auto leads = [&](const std::string& stream) { return is_journal_stream(pipe.writer(), stream.c_str()); };
  EXPECT_TRUE(leads(device + ":" + inode));
  // Only standard output leads to the journal, or the variable was set for another process.
  EXPECT_FALSE(leads(device + ":" + std::to_string(info.st_ino + 1)));
  EXPECT_FALSE(leads(std::to_string(info.st_dev + 1) + ":" + inode));
  for (const auto& broken : {std::string(), device, device + ":", ":" + inode, device + ":" + inode + "x", device + ":" + inode + ":1",
                             "+" + device + ":" + inode, " " + device + ":" + inode, device + " :" + inode, std::string("x:y"),
                             device + ":99999999999999999999999999"})
    EXPECT_FALSE(leads(broken)) << broken;
  EXPECT_FALSE(is_journal_stream(pipe.writer(), nullptr));
  EXPECT_FALSE(is_journal_stream(-1, (device + ":" + inode).c_str()));
}

}  // namespace
}  // namespace belfry::base
