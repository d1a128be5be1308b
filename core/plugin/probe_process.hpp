// The processes of one probe: starting the supervisor, the two descriptors that it and its worker answer on, and its end.
// Thread rule: one thread. Destruction ends what still runs; bounded by a few seconds.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>

namespace belfry::plugin {

class ProbeProcess {
 public:
  ProbeProcess() = default;
  ProbeProcess(const ProbeProcess&) = delete;
  ProbeProcess& operator=(const ProbeProcess&) = delete;
  ~ProbeProcess();

  // 0, or errno. `request` becomes the worker's standard input.
  [[nodiscard]] int start(const std::filesystem::path& executable, const std::filesystem::path& copy, const std::string& request);

  // Of the worker; -1 once it has closed it. It does not block.
  [[nodiscard]] int answers() const { return answers_; }
  // Of the supervisor: readable when the worker has ended.
  [[nodiscard]] int end() const { return end_; }
  // Adds what has been written; returns whether more may come.
  [[nodiscard]] bool read_answers(std::string& to) { return read(answers_, to); }
  [[nodiscard]] bool read_end(std::string& to) { return read(end_, to); }

  // Ends the worker and everything it has started, then the supervisor. A process that the kernel does not let go of is left behind.
  void finish();

 private:
  static bool read(int& descriptor, std::string& to);
  [[nodiscard]] int spawn(const std::filesystem::path& executable, const std::filesystem::path& copy, int input, int output, int end);
  [[nodiscard]] bool ended_within(int milliseconds);

  pid_t pid_ = -1;
  int answers_ = -1;
  int end_ = -1;
};

}  // namespace belfry::plugin
