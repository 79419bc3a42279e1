// How the work of kernels is split among threads: by OpenMP as the framework splits its operators', or, while a
// TeamScope lives, by core/team.h.
#pragma once

#include <cstdint>
#include <functional>

namespace pixnerd::nn {

// Threads that share() uses.
int sharing_threads();

// Calls visit(begin, end) for parts of [0, count) that cover it. `work` is an item's, about, in multiplications of a
// product: what is not worth waking a thread for stays in one part.
void share(int64_t count, int64_t work, const std::function<void(int64_t begin, int64_t end)>& visit);

// For computing by kernels alone: while it lives, share() uses core/team.h in this thread, and the framework's
// operators run on this thread alone, so that OpenMP's threads do not take the processors in waiting for more. Nothing
// happens where it is not `wanted`.
class TeamScope {
 public:
  explicit TeamScope(bool wanted);
  ~TeamScope();
  TeamScope(const TeamScope&) = delete;
  TeamScope& operator=(const TeamScope&) = delete;

 private:
  bool is_begun_ = false;
  int mkl_threads_ = 0;  // before
};

}  // namespace pixnerd::nn
