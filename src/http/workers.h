// A few threads for what would hold up the server's own: decoding, encoding, the disk.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace pixnerd::http {

class Workers {
 public:
  explicit Workers(size_t threads);
  ~Workers();  // does what was posted, then ends
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Any thread. What `work` throws is a programming error and ends the process.
  void post(std::function<void()> work);

  // Does what was posted, and waits for it. What is posted from then on is not done. Not from one of its own threads.
  void finish();

  size_t waiting() const;  // posted and not begun

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace pixnerd::http
