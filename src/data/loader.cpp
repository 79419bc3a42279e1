#include "data/loader.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "data/samples.h"

namespace pixnerd::data {
namespace {

// A batch in the making. Threads write to different rows of it at once; only the raw pointers, so that they never
// enter torch.
struct Slot {
  Batch batch;
  float* images;
  int64_t* labels;
  int64_t* pictures;
  int64_t missing;  // rows that are not written yet
  std::exception_ptr error;
};

// Two batches are open while the network works on a third; more where batches are so small that threads would idle.
int64_t slots_for(int64_t workers, int64_t batch_size) {
  return std::max<int64_t>(2, (2 * workers + batch_size - 1) / batch_size);
}

int64_t label_columns(const PictureSet& set) {
  return set.styles().empty() ? 1 : 2;
}

at::Tensor empty_labels(int64_t rows, int64_t columns) {
  return columns == 1 ? at::empty({rows}, at::kLong) : at::empty({rows, columns}, at::kLong);
}

// The class, and the style where the set has some; the number of styles for a picture without one.
void write_labels(const PictureSet& set, int64_t index, int64_t* labels) {
  labels[0] = set.label(index);
  if (label_columns(set) == 1) return;
  labels[1] = set.style(index) >= 0 ? set.style(index) : static_cast<int64_t>(set.styles().size());
}

void check_arguments(int64_t batch_size, int64_t first_batch) {
  if (batch_size < 1) throw std::invalid_argument("BatchLoader: batch_size below 1");
  // Half the range is left for the positions of the run itself.
  if (first_batch < 0 || first_batch > std::numeric_limits<int64_t>::max() / 2 / batch_size) {
    throw std::invalid_argument("BatchLoader: first_batch out of range");
  }
}

}  // namespace

// The open batches as a queue. The workers take one position after the other from its front to its end.
class BatchLoader::Prefetch {
 public:
  Prefetch(std::shared_ptr<const PictureSet> set, const DataConfig& config, int64_t batch_size, uint64_t seed,
           int64_t first_batch)
      : label_columns_(label_columns(*set)),
        samples_(std::move(set), config, seed),
        batch_size_(batch_size),
        side_(config.image_size),
        front_(first_batch * batch_size),
        position_(front_) {
    for (int64_t i = slots_for(config.workers, batch_size); i > 0; --i) slots_.push_back(make_slot());
    for (int64_t i = 0; i < config.workers; ++i) {
      workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
  }

  // All are told to stop before the first is waited for.
  ~Prefetch() {
    for (std::jthread& worker : workers_) worker.request_stop();
  }

  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  Batch next() {
    Slot fresh = make_slot();
    std::unique_lock lock(mutex_);
    complete_.wait(lock, [this] { return slots_.front().missing == 0; });
    if (slots_.front().error) std::rethrow_exception(slots_.front().error);
    Batch batch = std::move(slots_.front().batch);
    slots_.push_back(std::move(fresh));
    slots_.pop_front();
    front_ += batch_size_;
    lock.unlock();
    vacant_.notify_all();
    return batch;
  }

  int64_t broken() const { return samples_.broken(); }

 private:
  Slot make_slot() const {
    Batch batch{at::empty({batch_size_, 3, side_, side_}, at::kFloat), empty_labels(batch_size_, label_columns_),
                std::vector<int64_t>(static_cast<size_t>(batch_size_))};
    float* images = batch.images.mutable_data_ptr<float>();
    int64_t* labels = batch.labels.mutable_data_ptr<int64_t>();
    int64_t* pictures = batch.pictures.data();
    return {std::move(batch), images, labels, pictures, batch_size_, nullptr};
  }

  bool is_position_open() const { return position_ < front_ + static_cast<int64_t>(slots_.size()) * batch_size_; }

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested() && vacant_.wait(lock, stop, [this] { return is_position_open(); })) {
      const int64_t position = position_++;
      // The slot stays where it is in memory, and in the queue until this row is written.
      Slot& slot = slots_[static_cast<size_t>((position - front_) / batch_size_)];
      lock.unlock();
      std::exception_ptr error = write_row(position, slot);
      lock.lock();
      if (error && !slot.error) slot.error = std::move(error);
      if (--slot.missing == 0) complete_.notify_all();
    }
  }

  std::exception_ptr write_row(int64_t position, const Slot& slot) {
    try {
      const int64_t row = position % batch_size_;
      const int64_t index = samples_.read(position, slot.images + row * 3 * side_ * side_);
      write_labels(samples_.set(), index, slot.labels + row * label_columns_);
      slot.pictures[row] = index;
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  const int64_t label_columns_;
  SampleSequence samples_;
  const int64_t batch_size_;
  const int64_t side_;
  std::mutex mutex_;  // guards what follows, but not the rows of the slots
  std::condition_variable complete_;
  std::condition_variable_any vacant_;
  int64_t front_;     // first position of the first slot
  int64_t position_;  // next position to be taken
  std::deque<Slot> slots_;
  std::vector<std::jthread> workers_;  // last, so that they end before what they use
};

BatchLoader::BatchLoader(std::shared_ptr<const PictureSet> set, const DataConfig& config, int64_t batch_size,
                         uint64_t seed, int64_t first_batch) {
  check_arguments(batch_size, first_batch);
  prefetch_ = std::make_unique<Prefetch>(std::move(set), config, batch_size, seed, first_batch);
}

BatchLoader::~BatchLoader() = default;
BatchLoader::BatchLoader(BatchLoader&&) noexcept = default;
BatchLoader& BatchLoader::operator=(BatchLoader&&) noexcept = default;

Batch BatchLoader::next() {
  return prefetch_->next();
}

int64_t BatchLoader::broken() const {
  return prefetch_->broken();
}

at::Tensor condition_of(const PictureSet& set, int64_t index) {
  at::Tensor labels = empty_labels(1, label_columns(set))[0];
  write_labels(set, index, labels.mutable_data_ptr<int64_t>());
  return labels;
}

}  // namespace pixnerd::data
