#include "train/preview.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "image/grid.h"
#include "sample/output.h"
#include "sample/sampler.h"

namespace pixnerd::train {
namespace {

// Numbers below `count` at even distances, each at least once before any comes again.
std::vector<int64_t> spread(int64_t pictures, int64_t count) {
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < pictures; ++i) numbers.push_back(pictures <= count ? i * count / pictures : i % count);
  return numbers;
}

}  // namespace

image::Image preview(models::Network& network, Conditions& conditions, const data::PictureSet& set,
                     const RunConfig& config, const StopRequested& stop) {
  sample::Request request;
  if (config.model.takes_text()) {
    conditions.ask_for(request, set, spread(config.train.sample_pictures, set.size()));
  } else {
    request.labels = spread(config.train.sample_pictures, network.config().num_classes);
  }
  request.sample = config.sample;
  request.precision = config.train.precision;
  request.batch_size = std::min<int64_t>(config.train.batch_size, config.train.sample_pictures);
  std::vector<image::Image> pictures;
  StoppableProgress progress(stop);
  sample::sample_images(
      network, request, [&](int64_t, image::Image picture) { pictures.push_back(std::move(picture)); }, progress);
  return image::make_grid(pictures, static_cast<int>(preview_columns(config.train.sample_pictures)), kPreviewPadding);
}

int64_t preview_columns(int64_t pictures) {
  return sample::grid_columns(pictures, 1);
}

}  // namespace pixnerd::train
