// SIGINT and SIGTERM as a request to come to an end, for work that wants to save what it has.
#pragma once

namespace pixnerd {

// While it lives, the first SIGINT or SIGTERM is only noted; a second one ends the process as usual. One at a time.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();  // the handlers of before
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  // Whether one has come. Any thread may ask.
  static bool interrupted();
};

}  // namespace pixnerd
