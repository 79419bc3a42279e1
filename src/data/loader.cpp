#include "data/loader.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "data/batch_size.h"
#include "data/prefetch.h"
#include "data/samples.h"

namespace pixnerd::data {
namespace {

// A batch in the making. Threads write to different rows of it at once; only the raw pointers, so that they never
// enter torch.
struct Rows {
  Batch batch{};
  int64_t side = 0;
  float* images = nullptr;
  int64_t* labels = nullptr;
  int64_t* pictures = nullptr;
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

void check_arguments(int64_t batch_size, int64_t first_batch, const BatchShare& share) {
  if (share.rank < 0 || share.rank >= share.ranks) throw std::invalid_argument("BatchLoader: no such share");
  if (batch_size < 1) throw std::invalid_argument("BatchLoader: batch_size below 1");
  // Half the range is left for the positions of the run itself.
  if (first_batch < 0 || first_batch > std::numeric_limits<int64_t>::max() / 2 / batch_size / share.ranks) {
    throw std::invalid_argument("BatchLoader: first_batch out of range");
  }
}

}  // namespace

// Rows come one by one from Prefetch, written where they belong in a ring of batches: those that are open and the one
// that is taken, whose rows are begun anew only when it is gone.
class BatchLoader::Batches {
 public:
  Batches(std::shared_ptr<const PictureSet> set, const DataConfig& config, int64_t batch_size, uint64_t seed,
          int64_t first_batch, const BatchShare& share)
      : label_columns_(label_columns(*set)),
        samples_(std::move(set), config, seed),
        config_(config),
        seed_(seed),
        batch_size_(batch_size),
        share_(share),
        batch_(first_batch) {
    const int64_t open = slots_for(config.workers, batch_size);
    ring_.resize(static_cast<size_t>(open) + 1);
    for (int64_t batch = first_batch; batch <= first_batch + open; ++batch) rows_of(batch) = make_rows(batch);
    const int64_t first = first_batch * batch_size;
    rows_.emplace(std::numeric_limits<int64_t>::max() / share.ranks - first, config.workers, open * batch_size,
                  [this, first](int64_t row) { return write_row(first + row); });
  }

  Batch next() {
    if (error_) std::rethrow_exception(error_);
    try {
      for (int64_t row = 0; row < batch_size_; ++row) rows_->next();
    } catch (...) {
      error_ = std::current_exception();
      throw;
    }
    Rows& taken = rows_of(batch_);
    const int64_t next_there = batch_++ + std::ssize(ring_);
    return std::exchange(taken, make_rows(next_there)).batch;
  }

  int64_t broken() const { return samples_.broken(); }

 private:
  struct Done {};

  Rows& rows_of(int64_t batch) { return ring_[static_cast<size_t>(batch) % ring_.size()]; }

  Rows make_rows(int64_t number) const {
    const int64_t side = size_of_batch(config_, seed_, number);
    Batch batch{at::empty({batch_size_, 3, side, side}, at::kFloat), empty_labels(batch_size_, label_columns_),
                std::vector<int64_t>(static_cast<size_t>(batch_size_))};
    float* images = batch.images.mutable_data_ptr<float>();
    int64_t* labels = batch.labels.mutable_data_ptr<int64_t>();
    int64_t* pictures = batch.pictures.data();
    return {std::move(batch), side, images, labels, pictures};
  }

  // `own`: counted over the rows of this share alone.
  Done write_row(int64_t own) {
    const int64_t batch = own / batch_size_, row = own % batch_size_;
    const Rows& rows = rows_of(batch);
    const int64_t position = (batch * share_.ranks + share_.rank) * batch_size_ + row;
    const int64_t index = samples_.read(position, rows.side, rows.images + row * 3 * rows.side * rows.side);
    write_labels(samples_.set(), index, rows.labels + row * label_columns_);
    rows.pictures[row] = index;
    return {};
  }

  const int64_t label_columns_;
  SampleSequence samples_;
  const DataConfig config_;
  const uint64_t seed_;
  const int64_t batch_size_;
  const BatchShare share_;
  int64_t batch_;           // the next one
  std::vector<Rows> ring_;  // batch k at k mod its size
  std::exception_ptr error_;
  std::optional<Prefetch<Done>> rows_;  // last, so that its threads end before what they use
};

BatchLoader::BatchLoader(std::shared_ptr<const PictureSet> set, const DataConfig& config, int64_t batch_size,
                         uint64_t seed, int64_t first_batch, const BatchShare& share) {
  check_arguments(batch_size, first_batch, share);
  batches_ = std::make_unique<Batches>(std::move(set), config, batch_size, seed, first_batch, share);
}

BatchLoader::~BatchLoader() = default;
BatchLoader::BatchLoader(BatchLoader&&) noexcept = default;
BatchLoader& BatchLoader::operator=(BatchLoader&&) noexcept = default;

Batch BatchLoader::next() {
  return batches_->next();
}

int64_t BatchLoader::broken() const {
  return batches_->broken();
}

at::Tensor condition_of(const PictureSet& set, int64_t index) {
  at::Tensor labels = empty_labels(1, label_columns(set))[0];
  write_labels(set, index, labels.mutable_data_ptr<int64_t>());
  return labels;
}

}  // namespace pixnerd::data
