#include "nn/share.h"

#include <ATen/Parallel.h>
#include <omp.h>

#include <algorithm>

#include "core/team.h"

// Of MKL, which has a number of threads of its own for the calling thread (0: none) and returns the one before. Null
// where LibTorch was built without it.
extern "C" int MKL_Set_Num_Threads_Local(int threads) __attribute__((weak));

namespace pixnerd::nn {
namespace {

int set_mkl_threads(int threads) {
  return MKL_Set_Num_Threads_Local == nullptr ? 0 : MKL_Set_Num_Threads_Local(threads);
}

thread_local int team_threads = 0;  // of the TeamScope; 0 without

}  // namespace

int sharing_threads() {
  return team_threads > 0 ? team_threads : at::get_num_threads();
}

void share(int64_t count, int64_t work, const std::function<void(int64_t, int64_t)>& visit) {
  constexpr int64_t kLeastWork = 500'000;
  const int64_t grain = kLeastWork / std::max<int64_t>(1, work) + 1;
  if (team_threads > 0) {
    in_parts(count, grain, team_threads, visit);
  } else {
    at::parallel_for(0, count, grain, visit);
  }
}

TeamScope::TeamScope(bool wanted) {
  const int threads = at::get_num_threads();
  if (!wanted || team_threads > 0 || threads == 1 || at::in_parallel_region()) return;
  is_begun_ = true;
  team_threads = threads;
  mkl_threads_ = set_mkl_threads(1);
  omp_set_num_threads(1);  // of this thread alone; at::set_num_threads() is for threads that come later, too
}

TeamScope::~TeamScope() {
  if (!is_begun_) return;
  omp_set_num_threads(team_threads);
  set_mkl_threads(mkl_threads_);
  team_threads = 0;
}

}  // namespace pixnerd::nn
