#include "dist/gradient_reducer.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <chrono>
#include <exception>
#include <utility>

#include "dist/connection.h"

namespace pixnerd::dist {
namespace {

using Clock = std::chrono::steady_clock;

// [ranks, n] -> [n], one rank after the other. In a thread of the backend's, where LibTorch's own loops would start
// threads of their own.
void sum_rows(const at::Tensor& rows, const at::Tensor& sum) {
  if (!rows.is_cpu()) {
    sum.copy_(rows[0]);
    for (int64_t rank = 1; rank < rows.size(0); ++rank) sum.add_(rows[rank]);
    return;
  }
  const int64_t values = rows.size(1);
  const float* from = rows.const_data_ptr<float>();
  float* const to = sum.mutable_data_ptr<float>();
  std::copy(from, from + values, to);
  for (int64_t rank = 1; rank < rows.size(0); ++rank) {
    from += values;
    for (int64_t i = 0; i < values; ++i) to[i] += from[i];
  }
}

class SumOwnPart : public c10d::CommHookInterface {
 public:
  SumOwnPart(const Layout& layout, std::shared_ptr<const Group> group, Clock::time_point& computed)
      : layout_(layout), group_(std::move(group)), computed_(computed) {}

  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
    const size_t index = bucket.getIndex();
    const int64_t rank = group_->rank(), ranks = group_->size();
    at::Tensor given = bucket.getBufferRef();
    const Layout::Part mine = layout_.part(index, rank);
    std::vector<int64_t> sent, received(static_cast<size_t>(ranks), mine.size());
    for (int64_t each = 0; each < ranks; ++each) sent.push_back(layout_.part(index, each).size());
    at::Tensor arrived = at::empty({ranks * mine.size()}, given.options());
    const auto work = group_->connection()->processes->all_to_all_single(arrived, given, received, sent);
    if (bucket.isLast()) computed_ = Clock::now();
    return work->getFuture()->then(
        [given, arrived, mine, ranks](c10::ivalue::Future& future) {
          if (future.hasError()) std::rethrow_exception(future.exception_ptr());
          if (mine.size() > 0) {
            sum_rows(arrived.view({ranks, mine.size()}), given.narrow(0, mine.begin, mine.size()));
          }
          return c10::IValue(given);
        },
        c10::TensorType::get());
  }

  at::Tensor parseHookResult(const c10::IValue& result) override { return result.toTensor(); }

 private:
  const Layout layout_;
  const std::shared_ptr<const Group> group_;
  Clock::time_point& computed_;
};

std::vector<std::vector<size_t>> indices_of(const Layout& layout) {
  std::vector<std::vector<size_t>> indices;
  for (const Bucket& bucket : layout.buckets()) indices.push_back(bucket.tensors);
  return indices;
}

}  // namespace

struct GradientReducer::State {
  std::shared_ptr<const Group> group;
  Clock::time_point computed;  // when the last bucket was handed over
  std::unique_ptr<c10d::Reducer> reducer;
};

GradientReducer::GradientReducer(const std::vector<at::Tensor>& parameters, const Layout& layout,
                                 std::shared_ptr<const Group> group)
    : state_(std::make_unique<State>()) {
  // Buckets are ours: the reducer, which would rebuild them by the first backward pass, is never asked to, so that a
  // run that was resumed sums what one that was not sums.
  constexpr bool kFindUnused = false, kGradientsAreViews = true, kSkipUnused = false, kPython = false;
  state_->group = group;
  state_->reducer = std::make_unique<c10d::Reducer>(
      parameters, indices_of(layout), group->connection()->processes, std::vector<bool>(parameters.size(), false),
      c10d::kDefaultBucketBytesCap, kFindUnused, kGradientsAreViews, std::unordered_map<size_t, std::string>{},
      c10d::kDefaultFirstBucketBytes, kSkipUnused, kPython, std::vector<int64_t>{});
  state_->reducer->register_comm_hook(std::make_unique<SumOwnPart>(layout, std::move(group), state_->computed));
}

GradientReducer::~GradientReducer() = default;

void GradientReducer::reduce_in(const at::Tensor& loss, const std::function<void()>& backward) {
  try {
    state_->reducer->prepare_for_forward();
    state_->reducer->prepare_for_backward({loss});
    backward();
  } catch (const std::exception& error) {
    state_->group->explain(error);
  }
  state_->group->add_wait(std::chrono::duration<double>(Clock::now() - state_->computed).count());
}

}  // namespace pixnerd::dist
