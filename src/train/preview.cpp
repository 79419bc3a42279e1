#include "train/preview.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "image/grid.h"
#include "sample/output.h"
#include "sample/sampler.h"

namespace pixnerd::train {
namespace {

class Quiet : public Progress {
 public:
  void update(int64_t, int64_t, std::string_view) override {}
};

// Classes at even distances, each drawn at least once before any is drawn again.
std::vector<int64_t> spread_labels(int64_t pictures, int64_t classes) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < pictures; ++i) {
    labels.push_back(pictures <= classes ? i * classes / pictures : i % classes);
  }
  return labels;
}

}  // namespace

image::Image preview(models::Network& network, const RunConfig& config) {
  sample::Request request;
  request.labels = spread_labels(config.train.sample_pictures, network.config().num_classes);
  request.sample = config.sample;
  request.precision = config.train.precision;
  request.batch_size = std::min<int64_t>(config.train.batch_size, config.train.sample_pictures);
  std::vector<image::Image> pictures;
  Quiet progress;
  sample::sample_images(
      network, request, [&](int64_t, image::Image picture) { pictures.push_back(std::move(picture)); }, progress);
  return image::make_grid(pictures, static_cast<int>(sample::grid_columns(config.train.sample_pictures, 1)));
}

}  // namespace pixnerd::train
