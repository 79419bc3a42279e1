#include "eval/sampled_pictures.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/errors.h"
#include "core/random.h"
#include "core/text.h"

namespace pixnerd::eval {
namespace {

// The network's number for each of a set's labels of one kind; -1 where the network does not know it.
std::vector<int64_t> numbers_of(const std::vector<std::string>& names, int64_t count,
                                const std::vector<std::string>& known, int64_t known_count) {
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < count; ++i) {
    int64_t number = i < known_count ? i : -1;
    if (!names.empty() && !known.empty()) {
      const auto found = std::find(known.begin(), known.end(), names[static_cast<size_t>(i)]);
      number = found == known.end() ? -1 : found - known.begin();
    }
    numbers.push_back(number);
  }
  return numbers;
}

int64_t looked_up(int64_t label, const std::vector<int64_t>& numbers, const std::vector<std::string>& names,
                  const char* kind, const data::PictureSet& set, int64_t picture) {
  const auto refuse = [&](const std::string& what) {
    throw DataError(concat("picture ", quoted(set.name(picture)), " of ", quoted(set.root()), " ", what,
                           "; labels can be taken from a set of the network's classes alone"));
  };
  if (label < 0) refuse(concat("has no ", kind));
  const int64_t number = numbers[static_cast<size_t>(label)];
  if (number >= 0) return number;
  refuse(concat("is of the ", kind, " ", names.empty() ? concat(label) : quoted(names[static_cast<size_t>(label)]),
                ", which the network does not know"));
  return -1;
}

}  // namespace

SampledPictures::SampledPictures(models::Network& network, std::vector<sample::PictureRequest> pictures,
                                 sample::DrawSettings settings, std::string source, Progress& progress)
    : network_(network), requests_(std::move(pictures)), settings_(std::move(settings)), progress_(progress) {
  source_ = std::move(source);
  size_ = std::ssize(requests_);
  if (size_ > 0) {
    width_ = requests_.front().settings->picture_size()[0];
    height_ = requests_.front().settings->picture_size()[1];
  }
  drawing_.emplace(network_, requests_, settings_);
}

void SampledPictures::begin_at(int64_t first) {
  const auto begin = requests_.begin() + first;
  drawing_.emplace(network_, std::vector<sample::PictureRequest>(begin, begin + share()), settings_);
}

at::Tensor SampledPictures::next(int64_t count) {
  const at::Tensor batch = at::empty({count, height_, width_, 3}, at::kByte);
  auto* to = static_cast<uint8_t*>(batch.mutable_data_ptr());
  for (int64_t i = 0; i < count; ++i) {
    const std::optional<sample::Drawn> drawn = drawing_->next(progress_);
    if (!drawn) return batch.narrow(0, 0, i);
    to = std::copy(drawn->image.rgb.begin(), drawn->image.rgb.end(), to);
  }
  return batch;
}

std::vector<int64_t> drawn_pictures(int64_t size, int64_t count, uint64_t seed) {
  std::vector<int64_t> drawn;
  for (uint64_t round = 0; static_cast<int64_t>(drawn.size()) < count; ++round) {
    for (const int64_t i : random_permutation(size, seed, round)) {
      if (static_cast<int64_t>(drawn.size()) < count) drawn.push_back(i);
    }
  }
  return drawn;
}

std::vector<sample::PictureRequest> requests_as_in(const data::PictureSet& set, int64_t count,
                                                   const sample::ModelDescription& description, uint64_t seed,
                                                   const sample::SampleConfig& settings) {
  const models::ModelConfig& model = description.model;
  const bool has_styles = model.num_styles > 0;
  const auto classes = numbers_of(set.classes(), set.num_classes(), description.classes, model.num_classes);
  const auto styles =
      numbers_of(set.styles(), static_cast<int64_t>(set.styles().size()), description.styles, model.num_styles);
  const auto shared = std::make_shared<const sample::SampleConfig>(settings);
  std::vector<sample::PictureRequest> pictures;
  for (const int64_t i : drawn_pictures(set.size(), count, seed)) {
    sample::PictureRequest picture;
    picture.label = looked_up(set.label(i), classes, set.classes(), "class", set, i);
    if (has_styles) picture.style = looked_up(set.style(i), styles, set.styles(), "style", set, i);
    picture.seed = seed + pictures.size();
    picture.settings = shared;
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

}  // namespace pixnerd::eval
