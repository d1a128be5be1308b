// The processes of one probe: starts the supervisor, reads the two descriptors that it and its worker write to, and ends them.
// Thread rule: one thread. Destruction ends the processes that still run, within a few seconds.
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

  // Returns 0 or errno. `request` becomes the worker's standard input.
  [[nodiscard]] int start(const std::filesystem::path& executable, const std::filesystem::path& copy, const std::string& request);

  // The worker's descriptor, nonblocking; -1 once the worker has closed it.
  [[nodiscard]] int answers() const { return answers_; }
  // The supervisor's descriptor, readable once the worker has ended.
  [[nodiscard]] int end() const { return end_; }
  // Appends the bytes that have been written. Returns whether more may come.
  [[nodiscard]] bool read_answers(std::string& to) { return read(answers_, to); }
  [[nodiscard]] bool read_end(std::string& to) { return read(end_, to); }

  // Ends the worker and every process it has started, then the supervisor. A process that the kernel cannot end is left behind.
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
