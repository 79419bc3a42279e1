// Working memory of one call of a kernel, taken from a buffer that each thread keeps from call to call.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixnerd::kernels {

// What is taken lives until the Scratch goes out of scope; several may be nested in one thread. Memory is allocated
// only when a thread needs more than ever before.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // `count` floats and as many more as fill whole cache lines of 64 bytes, aligned to them. They hold what an earlier
  // call left, finite or not.
  float* floats(int64_t count);

 private:
  size_t block_, used_;  // where this thread's buffer stood at the start
};

}  // namespace pixnerd::kernels
