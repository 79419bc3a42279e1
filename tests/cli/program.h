// Runs the built program as its users do and keeps what it wrote.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/checkpoint/files.h"

namespace pixnerd::cli {

struct Outcome {
  int code = -1;  // -1: ended by a signal
  std::string out, err;

  bool says(const std::string& part) const { return out.find(part) != std::string::npos; }
  bool complains(const std::string& part) const { return err.find(part) != std::string::npos; }
};

class Program {
 public:
  Outcome operator()(const std::vector<std::string>& arguments) const {
    start(arguments);
    return wait();
  }

  // In two halves, for what happens in between; one process at a time.
  void start(const std::vector<std::string>& arguments) const {
    child_ = fork();
    if (child_ == 0) become(arguments, (folder_ / "out").string(), (folder_ / "err").string());
    if (child_ < 0) ADD_FAILURE() << "the program could not be started";
  }
  void signal(int number) const { ::kill(child_, number); }
  Outcome wait() const {
    int status = 0;
    if (waitpid(child_, &status, 0) != child_) ADD_FAILURE() << "the program could not be run";
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, checkpoint::read_whole(folder_ / "out"),
            checkpoint::read_whole(folder_ / "err")};
  }

 private:
  // In the child: runs the program with standard output and error in files.
  [[noreturn]] static void become(std::vector<std::string> arguments, const std::string& out, const std::string& err) {
    arguments.insert(arguments.begin(), PIXNERD_PROGRAM);
    std::vector<char*> texts;
    for (std::string& argument : arguments) texts.push_back(argument.data());
    texts.push_back(nullptr);
    constexpr int kMode = O_WRONLY | O_CREAT | O_TRUNC;
    if (dup2(open(out.c_str(), kMode, 0600), STDOUT_FILENO) < 0) _exit(126);
    if (dup2(open(err.c_str(), kMode, 0600), STDERR_FILENO) < 0) _exit(126);
    execv(PIXNERD_PROGRAM, texts.data());
    _exit(127);
  }

  TemporaryFolder folder_;
  mutable pid_t child_ = -1;
};

// One line on standard error, and nothing on standard output.
inline void expect_error(const Outcome& outcome, int code, const std::string& part) {
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("pixnerd: error: ")) << outcome.err;
  EXPECT_TRUE(outcome.complains(part)) << "'" << part << "' is not in: " << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

}  // namespace pixnerd::cli
