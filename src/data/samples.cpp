#include "data/samples.h"

#include <utility>

#include "core/counted.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "data/augmentation.h"
#include "image/pixels.h"

namespace pixnerd::data {

SampleSequence::SampleSequence(std::shared_ptr<const PictureSet> set, const DataConfig& config, uint64_t seed)
    : config_(config), seed_(seed), pictures_(std::move(set), config), order_(pictures_.set().size(), seed) {}

SampleSequence::~SampleSequence() {
  report(true);
}

void SampleSequence::report(bool is_end) {
  bool is_complete = false;
  const Treatment treatment = pictures_.treatment(is_complete);
  if (!is_complete && !is_end) return;
  if (is_reported_.exchange(true)) return;
  for (const std::string& line : treatment.lines(reading_of(config_))) log_info(line);
}

int64_t SampleSequence::read(int64_t position, int64_t side, float* chw) {
  for (int64_t skipped = 0; skipped < order_.size(); ++skipped) {
    const int64_t index = order_.at(position, skipped);
    const auto picture = pictures_.find(index, side);
    if (!is_reported_) report(false);
    if (picture == nullptr) continue;
    const image::Image seen = augment(*picture, draw_augmentation(config_.at_size(side), seed_, position));
    image::to_model_range(seen.rgb, seen.width, seen.height, chw);
    return index;
  }
  throw DataError(concat("data set ", quoted(pictures_.set().root()), ": none of its ",
                         counted(order_.size(), "picture", "pictures"),
                         " can be read; the warnings before this name each with its reason"));
}

}  // namespace pixnerd::data
