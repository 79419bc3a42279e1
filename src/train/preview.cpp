#include "train/preview.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "image/grid.h"
#include "sample/drawing.h"
#include "sample/output.h"

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
  const int64_t count = config.train.sample_pictures;
  const auto settings = std::make_shared<const sample::SampleConfig>(config.sample);
  std::vector<sample::PictureRequest> requests;
  for (const int64_t each : spread(count, config.model.takes_text() ? set.size() : network.config().num_classes)) {
    sample::PictureRequest request;
    if (config.model.takes_text()) {
      conditions.ask_for(request, set, each);
    } else {
      request.label = each;
      if (config.model.num_styles > 0) request.style = std::ssize(requests) % config.model.num_styles;
    }
    request.seed = requests.size();
    request.settings = settings;
    requests.push_back(std::move(request));
  }
  sample::DrawSettings drawing;
  drawing.precision = config.train.precision;
  drawing.batch = std::min<int64_t>(config.train.batch_size, count);
  drawing.states = conditions.states(network);
  std::vector<image::Image> pictures;
  StoppableProgress progress(stop);
  sample::draw(
      network, std::move(requests), std::move(drawing),
      [&](int64_t, image::Image picture) { pictures.push_back(std::move(picture)); }, progress);
  return image::make_grid(pictures, static_cast<int>(preview_columns(config.train.sample_pictures)), kPreviewPadding);
}

int64_t preview_columns(int64_t pictures) {
  return sample::grid_columns(pictures, 1);
}

}  // namespace pixnerd::train
