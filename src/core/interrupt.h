// What comes from outside to end the process: signals, and standard streams that nobody reads any more.
#pragma once

#include <string>

namespace pixnerd {

// For the program, at its very start. SIGINT, SIGTERM and SIGHUP remove the files that are not committed yet
// (uncommitted_file.h) before they end the process as usual; one that is ignored stays so.
// Writing to a broken pipe and beyond the largest size of a file are errors of the write, not signals.
void set_up_signals();

// How answers to signals are written on standard error, from the next scope on; null is as they are.
void set_answer_form(std::string (*line_of)(const std::string& answer));

// For work that wants to save what it has. While it lives, the first SIGINT, SIGTERM or SIGHUP is noted, and
// answered at once on standard error; a later SIGINT or SIGTERM ends the process as usual. One that is ignored stays
// so: a shell's script does that with SIGINT for what it starts by `&`, nohup with SIGHUP. Signals within a tenth of a
// second count as one, as `timeout` and a shell at its end send two. One scope at a time.
class InterruptScope {
 public:
  // The answer is "stopping: <what>; once more ends at once".
  explicit InterruptScope(const std::string& what = "what is done is saved first");
  ~InterruptScope();  // the handlers of before
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  // Whether one has come. Any thread may ask.
  static bool interrupted();
};

// A write to standard error has failed. If the reason is that nobody reads it any more, that counts as a signal to the
// scope; where there is none, the result is true, and the work should end by an error.
bool is_without_reader();

}  // namespace pixnerd
