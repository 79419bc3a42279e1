#include "dist/exchange.h"

#include <ATen/ops/empty.h>

#include <deque>

#include "dist/connection.h"

namespace pixnerd::dist {
namespace {

// One bucket on its way.
struct Message {
  size_t bucket = 0;
  at::Tensor mine;                               // [longest part]
  at::Tensor all;                                // [ranks * longest part], where it arrives
  std::vector<std::vector<at::Tensor>> outputs;  // of a gather, parts of `all`
  c10::intrusive_ptr<c10d::Work> work;
};

class Exchange {
 public:
  Exchange(const Group& group, const Layout& layout, const std::vector<at::Tensor>& own,
           const std::vector<at::Tensor>& whole, bool for_all)
      : group_(group), layout_(layout), own_(own), whole_(whole), for_all_(for_all) {}

  void run() {
    constexpr size_t kAtOnce = 3;  // one is packed and one unpacked while another travels
    std::deque<Message> under_way;
    for (size_t bucket = 0; bucket < layout_.buckets().size(); ++bucket) {
      under_way.push_back(send(bucket));
      if (under_way.size() < kAtOnce) continue;
      receive(under_way.front());
      under_way.pop_front();
    }
    for (Message& message : under_way) receive(message);
  }

 private:
  bool arrives_here() const { return for_all_ || group_.is_first(); }

  Message send(size_t bucket) {
    Message message;
    message.bucket = bucket;
    const int64_t length = layout_.longest_part(bucket), ranks = group_.size();
    const at::TensorOptions options = own_options();
    message.mine = at::empty({length}, options);
    int64_t at = 0;
    for (const Slice& slice : layout_.slices(bucket, group_.rank())) {
      message.mine.narrow(0, at, slice.size()).copy_(own_[next_own_++]);
      at += slice.size();
    }
    if (arrives_here()) message.all = at::empty({ranks * length}, options);
    auto& processes = *group_.connection()->processes;
    if (for_all_) {
      message.work = processes.all_gather_single(message.all, message.mine);
      return message;
    }
    if (arrives_here()) message.outputs.push_back(message.all.split(length));
    std::vector<at::Tensor> inputs{message.mine};
    message.work = processes.gather(message.outputs, inputs);
    return message;
  }

  // What this rank has given is in place where `own` is a part of `whole`, and is written all the same where it is not.
  void receive(Message& message) {
    wait_for(group_, message.work);
    if (!arrives_here()) return;
    const int64_t length = layout_.longest_part(message.bucket);
    for (int64_t rank = 0; rank < group_.size(); ++rank) {
      int64_t at = rank * length;
      for (const Slice& slice : layout_.slices(message.bucket, rank)) {
        whole_[slice.tensor].narrow(0, slice.begin, slice.size()).copy_(message.all.narrow(0, at, slice.size()));
        at += slice.size();
      }
    }
  }

  at::TensorOptions own_options() const {
    return at::TensorOptions().dtype(at::kFloat).device(group_.connection()->device);
  }

  const Group& group_;
  const Layout& layout_;
  const std::vector<at::Tensor>& own_;
  const std::vector<at::Tensor>& whole_;
  const bool for_all_;
  size_t next_own_ = 0;
};

// A process that is alone has everything.
void copy_own(const Layout& layout, const std::vector<at::Tensor>& own, const std::vector<at::Tensor>& whole) {
  size_t next = 0;
  for (const Slice& slice : layout.slices(0)) {
    whole[slice.tensor].narrow(0, slice.begin, slice.size()).copy_(own[next++]);
  }
}

void exchange(const Group& group, const Layout& layout, const std::vector<at::Tensor>& own,
              const std::vector<at::Tensor>& whole, bool for_all) {
  if (group.is_alone()) return copy_own(layout, own, whole);
  try {
    Exchange(group, layout, own, whole, for_all).run();
  } catch (const std::exception& error) {
    group.explain(error);
  }
}

}  // namespace

void make_whole(const Group& group, const Layout& layout, const std::vector<at::Tensor>& own,
                const std::vector<at::Tensor>& whole) {
  exchange(group, layout, own, whole, true);
}

void collect(const Group& group, const Layout& layout, const std::vector<at::Tensor>& own,
             const std::vector<at::Tensor>& whole) {
  exchange(group, layout, own, whole, false);
}

}  // namespace pixnerd::dist
