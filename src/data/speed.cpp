#include "data/speed.h"

#include <array>
#include <cstdint>
#include <ctime>

#include "core/errors.h"
#include "core/timing.h"
#include "data/augmentation.h"
#include "data/batch_size.h"
#include "data/loader.h"
#include "data/order.h"
#include "data/pictures.h"
#include "image/pixels.h"

namespace pixnerd::data {
namespace {

constexpr int64_t kBatch = 32;
constexpr uint64_t kSeed = 0;

double clock_seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void measure_batches(const std::shared_ptr<const PictureSet>& set, const DataConfig& config, double seconds,
                     LoadingSpeed& speed) {
  BatchLoader loader(set, config, kBatch, kSeed);
  // What is made ahead is ready then, and the threads are at work.
  for (int64_t batch = 0; batch < 2 * config.workers; ++batch) loader.next();
  const double begin = steady_seconds(), processor = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
  int64_t pictures = 0;
  do {
    loader.next();
    pictures += kBatch;
  } while (steady_seconds() - begin < seconds);
  const auto count = static_cast<double>(pictures);
  speed.pictures_per_second = count / (steady_seconds() - begin);
  speed.processor_seconds = (clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - processor) / count;
}

// Runs the parts of one picture's way one after the other, and keeps what each takes of this thread's time.
class Stages {
 public:
  template <class Work>
  auto run(size_t stage, const Work& work) {
    const Watch watch{seconds.at(stage), clock_seconds(CLOCK_THREAD_CPUTIME_ID)};
    return work();
  }

  std::array<double, 4> seconds{};

 private:
  struct Watch {
    double& sum;
    double begin;
    ~Watch() { sum += clock_seconds(CLOCK_THREAD_CPUTIME_ID) - begin; }
  };
};

void measure_stages(const PictureSet& set, const DataConfig& config, double seconds, LoadingSpeed& speed) {
  const auto largest = static_cast<size_t>(config.largest_size());
  std::vector<float> chw(largest * largest * 3);
  EpochOrder order(set.size(), kSeed);
  Stages stages;
  int64_t count = 0;
  const double begin = steady_seconds();
  for (int64_t position = 0; count == 0 || steady_seconds() - begin < seconds; ++position) {
    try {
      const int64_t side = size_of_batch(config, kSeed, position / kBatch);
      const Picture whole = stages.run(0, [&] { return set.open(order.at(position)); });
      const image::Image square = stages.run(1, [&] { return cropped(whole.image, config, side); });
      const Augmentation drawn = draw_augmentation(config.at_size(side), kSeed, position);
      const image::Image seen = stages.run(2, [&] { return augment(square, drawn); });
      stages.run(3, [&] { image::to_model_range(seen.rgb, seen.width, seen.height, chw.data()); });
      ++count;
    } catch (const DataError&) {  // another one; the batches have shown that there are some
    }
  }
  for (double& each : stages.seconds) each /= static_cast<double>(count);
  const auto [open, crop, change, numbers] = stages.seconds;
  if (config.cache.empty()) {
    speed.stages = {{"decoding", open}, {"resizing", crop}};
  } else {
    speed.stages = {{"reading the cache", open + crop}};
  }
  speed.stages.push_back({"augmenting", change});
  speed.stages.push_back({"to numbers", numbers});
}

}  // namespace

LoadingSpeed measure_loading(const std::shared_ptr<const PictureSet>& set, const DataConfig& config, double seconds) {
  LoadingSpeed speed;
  measure_batches(set, config, seconds, speed);
  measure_stages(*set, config, seconds / 2, speed);
  return speed;
}

}  // namespace pixnerd::data
