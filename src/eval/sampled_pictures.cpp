#include "eval/sampled_pictures.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/errors.h"
#include "core/random.h"
#include "core/text.h"
#include "sample/sampler.h"

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

SampledPictures::SampledPictures(models::Network& network, sample::Request request, std::string source,
                                 Progress& progress)
    : network_(network), request_(std::move(request)), progress_(progress) {
  sample::check(network, request_);
  source_ = std::move(source);
  size_ = request_.pictures();
  width_ = request_.sample.picture_size()[0];
  height_ = request_.sample.picture_size()[1];
  ready_ = at::empty({0, height_, width_, 3}, at::kByte);
}

at::Tensor SampledPictures::next(int64_t count) {
  while (ready_.size(0) < count && drawn_ < size_) draw_batch();
  const int64_t given = std::min(count, ready_.size(0));
  const at::Tensor batch = ready_.narrow(0, 0, given);
  ready_ = ready_.narrow(0, given, ready_.size(0) - given);
  return batch;
}

void SampledPictures::draw_batch() {
  const int64_t taken = std::min(request_.batch_size, size_ - drawn_);
  const at::Tensor batch = at::empty({taken, height_, width_, 3}, at::kByte);
  auto* to = static_cast<uint8_t*>(batch.mutable_data_ptr());
  const auto put = [&](int64_t, const image::Image& picture) {
    std::memcpy(to, picture.rgb.data(), picture.rgb.size());
    to += picture.rgb.size();
  };
  sample::sample_part(network_, request_, drawn_, taken, put, progress_);
  drawn_ += taken;
  ready_ = at::cat({ready_, batch});
}

void ask_in_turn(sample::Request& request, int64_t count, const std::vector<int64_t>& classes,
                 const std::vector<int64_t>& styles) {
  request.labels.clear();
  request.styles.clear();
  for (int64_t i = 0; i < count; ++i) {
    const size_t at = static_cast<size_t>(i) % classes.size(), round = static_cast<size_t>(i) / classes.size();
    request.labels.push_back(classes[at]);
    // Begun one further for each class: a single round has all styles, too.
    if (!styles.empty()) request.styles.push_back(styles[(round + at) % styles.size()]);
  }
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

void ask_as_in(sample::Request& request, int64_t count, const data::PictureSet& set,
               const sample::ModelDescription& description, uint64_t seed) {
  const models::ModelConfig& model = description.model;
  const bool has_styles = model.num_styles > 0;
  const auto classes = numbers_of(set.classes(), set.num_classes(), description.classes, model.num_classes);
  const auto styles =
      numbers_of(set.styles(), static_cast<int64_t>(set.styles().size()), description.styles, model.num_styles);
  request.labels.clear();
  request.styles.clear();
  for (const int64_t i : drawn_pictures(set.size(), count, seed)) {
    request.labels.push_back(looked_up(set.label(i), classes, set.classes(), "class", set, i));
    if (has_styles) request.styles.push_back(looked_up(set.style(i), styles, set.styles(), "style", set, i));
  }
}

}  // namespace pixnerd::eval
