#include "dist/gradient_reducer.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <utility>

#include "dist/connection.h"
#include "dist/exchange.h"
#include "dist/shared_memory.h"

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

using Future = c10::intrusive_ptr<c10::ivalue::Future>;

// Sends the parts of a bucket to their owners, and sums what comes.
class SumOfMessages : public c10d::CommHookInterface {
 public:
  SumOfMessages(const Layout& layout, std::shared_ptr<const Group> group, Clock::time_point& computed)
      : layout_(layout), group_(std::move(group)), computed_(computed) {}

  Future runHook(c10d::GradBucket& bucket) override {
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

// Writes a bucket where all can read it, one behind the other. What is summed, is summed after the backward pass.
class WriteIntoMemory : public c10d::CommHookInterface {
 public:
  WriteIntoMemory(std::vector<int64_t> offsets, float* values, std::vector<at::Tensor>& buckets)
      : offsets_(std::move(offsets)), values_(values), buckets_(buckets) {}

  Future runHook(c10d::GradBucket& bucket) override {
    const at::Tensor given = bucket.getBufferRef();
    std::memcpy(values_ + offsets_.at(bucket.getIndex()), given.const_data_ptr<float>(), given.nbytes());
    buckets_.at(bucket.getIndex()) = given;
    auto done = c10::make_intrusive<c10::ivalue::Future>(c10::TensorType::get());
    done->markCompleted(c10::IValue(given));
    return done;
  }

  at::Tensor parseHookResult(const c10::IValue& result) override { return result.toTensor(); }

 private:
  const std::vector<int64_t> offsets_;
  float* const values_;
  std::vector<at::Tensor>& buckets_;
};

// Where each bucket begins among the values of all.
std::vector<int64_t> offsets_of(const Layout& layout) {
  std::vector<int64_t> offsets;
  int64_t offset = 0;
  for (const Bucket& bucket : layout.buckets()) {
    offsets.push_back(offset);
    offset += bucket.values;
  }
  offsets.push_back(offset);
  return offsets;
}

std::vector<std::vector<size_t>> indices_of(const Layout& layout) {
  std::vector<std::vector<size_t>> indices;
  for (const Bucket& bucket : layout.buckets()) indices.push_back(bucket.tensors);
  return indices;
}

}  // namespace

struct GradientReducer::State {
  State(const Layout& layout_of, std::shared_ptr<const Group> group_of)
      : layout(layout_of), group(std::move(group_of)), offsets(offsets_of(layout)), buckets(layout.buckets().size()) {}

  // The sums of this rank's parts, from everybody's memory.
  void sum_from_memory();
  // This rank's slices into its memory, and the others' out of theirs.
  void share_by_memory();

  // The slices of a bucket one after the other, with the place of each among all values.
  template <class Visit>
  void over_slices(size_t bucket, int64_t rank, const Visit& visit) const {
    int64_t place = offsets[bucket] + layout.part(bucket, rank).begin;
    for (const Slice& slice : layout.slices(bucket, rank)) {
      visit(slice, place);
      place += slice.size();
    }
  }

  Layout layout;
  std::shared_ptr<const Group> group;
  std::vector<int64_t> offsets;
  std::vector<at::Tensor> parameters;  // flat
  std::vector<at::Tensor> buckets;     // of gradients, as the last backward pass left them
  std::unique_ptr<SharedMemory> memory;
  Clock::time_point computed;  // when the last bucket was handed over
  std::unique_ptr<c10d::Reducer> reducer;
};

GradientReducer::GradientReducer(const std::vector<at::Tensor>& parameters, const Layout& layout,
                                 std::shared_ptr<const Group> group, Transport transport)
    : state_(std::make_unique<State>(layout, group)) {
  // Buckets are ours: the reducer, which would rebuild them by the first backward pass, is never asked to, so that a
  // run that was resumed sums what one that was not sums.
  constexpr bool kFindUnused = false, kGradientsAreViews = true, kSkipUnused = false, kPython = false;
  for (const at::Tensor& each : parameters) state_->parameters.push_back(each.detach().view(-1));
  const bool is_on_cpu = group->connection()->device.is_cpu();
  if (is_on_cpu && transport == Transport::fastest) {
    state_->memory = SharedMemory::open(*group, state_->offsets.back());
  }
  state_->reducer = std::make_unique<c10d::Reducer>(
      parameters, indices_of(layout), group->connection()->processes, std::vector<bool>(parameters.size(), false),
      c10d::kDefaultBucketBytesCap, kFindUnused, kGradientsAreViews, std::unordered_map<size_t, std::string>{},
      c10d::kDefaultFirstBucketBytes, kSkipUnused, kPython, std::vector<int64_t>{});
  std::unique_ptr<c10d::CommHookInterface> hook;
  if (state_->memory) {
    hook = std::make_unique<WriteIntoMemory>(state_->offsets, state_->memory->values(group->rank()), state_->buckets);
  } else {
    hook = std::make_unique<SumOfMessages>(layout, group, state_->computed);
  }
  state_->reducer->register_comm_hook(std::move(hook));
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
  if (state_->memory) return state_->sum_from_memory();
  state_->group->add_wait(std::chrono::duration<double>(Clock::now() - state_->computed).count());
}

void GradientReducer::State::sum_from_memory() {
  memory->arrive();
  memory->wait_for_all();
  const int64_t ranks = group->size();
  for (size_t bucket = 0; bucket < buckets.size(); ++bucket) {
    const Layout::Part mine = layout.part(bucket, group->rank());
    float* const to = buckets[bucket].mutable_data_ptr<float>() + mine.begin;
    const int64_t place = offsets[bucket] + mine.begin;
    constexpr int64_t kShare = 1 << 14;
    at::parallel_for(0, mine.size(), kShare, [&](int64_t begin, int64_t end) {
      std::copy(memory->values(0) + place + begin, memory->values(0) + place + end, to + begin);
      for (int64_t rank = 1; rank < ranks; ++rank) {
        const float* const from = memory->values(rank) + place;
        for (int64_t i = begin; i < end; ++i) to[i] += from[i];
      }
    });
  }
  memory->arrive();  // the others' gradients are read
}

void GradientReducer::share_parameters() {
  if (state_->memory) return state_->share_by_memory();
  std::vector<at::Tensor> own;
  for (const Slice& slice : state_->layout.slices(state_->group->rank())) {
    own.push_back(state_->parameters[slice.tensor].narrow(0, slice.begin, slice.size()));
  }
  make_whole(*state_->group, state_->layout, own, state_->parameters);
}

void GradientReducer::State::share_by_memory() {
  const auto bytes = [](const Slice& slice) { return static_cast<size_t>(slice.size()) * sizeof(float); };
  memory->wait_for_all();  // nobody needs these gradients any more
  for (size_t bucket = 0; bucket < buckets.size(); ++bucket) {
    over_slices(bucket, group->rank(), [&](const Slice& slice, int64_t place) {
      std::memcpy(memory->values(group->rank()) + place, parameters[slice.tensor].const_data_ptr<float>() + slice.begin,
                  bytes(slice));
    });
  }
  memory->arrive();
  memory->wait_for_all();
  for (int64_t rank = 0; rank < group->size(); ++rank) {
    if (rank == group->rank()) continue;
    for (size_t bucket = 0; bucket < buckets.size(); ++bucket) {
      over_slices(bucket, rank, [&](const Slice& slice, int64_t place) {
        std::memcpy(parameters[slice.tensor].mutable_data_ptr<float>() + slice.begin, memory->values(rank) + place,
                    bytes(slice));
      });
    }
  }
  memory->arrive();
  memory->wait_for_all();  // before the next gradients take these values' place
}

}  // namespace pixnerd::dist
