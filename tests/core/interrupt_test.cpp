#include "core/interrupt.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <ostream>
#include <thread>

#include "core/file.h"
#include "tests/core/temporary_folder.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

void sleep_for(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

// What a process that does this says on standard error, and how it ends.
struct Ended {
  int status = 0;
  std::string said;

  bool by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
  bool with(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
};

Ended run(const std::function<void()>& work) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    for (const int each : {SIGINT, SIGTERM, SIGHUP}) signal(each, SIG_DFL);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    work();
    _exit(0);
  }
  close(ends[1]);
  Ended ended;
  char byte = 0;
  while (read(ends[0], &byte, 1) == 1) ended.said += byte;
  close(ends[0]);
  EXPECT_EQ(waitpid(child, &ended.status, 0), child);
  return ended;
}

TEST(Interrupt, TheFirstSignalIsNotedAndAnswered) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const Ended ended = run([&] {
      const InterruptScope scope("a word");
      if (InterruptScope::interrupted()) _exit(1);
      raise(number);
      _exit(InterruptScope::interrupted() ? 0 : 2);
    });
    EXPECT_TRUE(ended.with(0)) << ended.status;
    EXPECT_EQ(ended.said, "stopping: a word; once more ends at once\n");
  }
}

TEST(Interrupt, ALaterOneEndsTheProcessAtOnceAndLeavesNoFile) {
  const TemporaryFolder folder;
  const Ended ended = run([&] {
    const AtomicFile file(folder / "file");
    const InterruptScope scope;
    raise(SIGINT);
    raise(SIGTERM);  // the same request
    sleep_for(150);
    raise(SIGHUP);  // a terminal that is gone says so more than once
    sleep_for(10);
    raise(SIGTERM);
    sleep_for(10'000);
  });
  EXPECT_TRUE(ended.by(SIGTERM)) << ended.status;
  EXPECT_EQ(ended.said, "stopping: what is done is saved first; once more ends at once\n");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Interrupt, OutsideOfAScopeSignalsEndTheProcessAndLeaveNoFile) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const TemporaryFolder folder;
    const Ended ended = run([&] {
      set_up_signals();
      const AtomicFile file(folder / "file");
      { const InterruptScope scope; }
      raise(number);
      sleep_for(10'000);
    });
    EXPECT_TRUE(ended.by(number)) << ended.status;
    EXPECT_EQ(ended.said, "");
    EXPECT_TRUE(fs::is_empty(folder.path()));
  }
}

TEST(Interrupt, ASignalThatIsIgnoredStaysSo) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const Ended ended = run([&] {
      signal(number, SIG_IGN);
      set_up_signals();
      raise(number);
      {
        const InterruptScope scope;
        raise(number);
        if (InterruptScope::interrupted()) _exit(1);
      }
      raise(number);
    });
    EXPECT_TRUE(ended.with(0)) << number << ": " << ended.status;
  }
}

TEST(Interrupt, PipesAndLimitsOfFilesAreErrorsNotSignals) {
  const Ended ended = run([] {
    set_up_signals();
    raise(SIGPIPE);
    raise(SIGXFSZ);
  });
  EXPECT_TRUE(ended.with(0)) << ended.status;
}

TEST(Interrupt, AStandardErrorWithoutReaderCountsAsASignal) {
  const Ended ended = run([] {
    if (is_without_reader()) _exit(1);
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0 || dup2(ends[1], STDERR_FILENO) < 0) _exit(2);
    close(ends[0]);
    if (!is_without_reader()) _exit(3);
    const InterruptScope scope;
    if (InterruptScope::interrupted()) _exit(4);
    if (is_without_reader()) _exit(5);
    _exit(InterruptScope::interrupted() ? 0 : 6);
  });
  EXPECT_TRUE(ended.with(0)) << ended.status;
}

}  // namespace
}  // namespace pixnerd
