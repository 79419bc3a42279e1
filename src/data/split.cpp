#include "data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/counted.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/random.h"
#include "core/text.h"
#include "data/order.h"

namespace pixnerd::data {
namespace {

class Subset : public PictureSet {
 public:
  Subset(std::shared_ptr<const PictureSet> pictures, std::vector<int64_t> indices)
      : pictures_(std::move(pictures)), indices_(std::move(indices)) {}

  const std::filesystem::path& root() const override { return pictures_->root(); }
  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  int64_t label(int64_t index) const override { return pictures_->label(original(index)); }
  int64_t style(int64_t index) const override { return pictures_->style(original(index)); }
  std::string name(int64_t index) const override { return pictures_->name(original(index)); }
  Picture open(int64_t index) const override { return pictures_->open(original(index)); }
  std::vector<Caption> captions(int64_t index) const override { return pictures_->captions(original(index)); }
  const std::vector<std::string>& classes() const override { return pictures_->classes(); }
  const std::vector<std::string>& styles() const override { return pictures_->styles(); }
  int64_t num_classes() const override { return pictures_->num_classes(); }

 private:
  int64_t original(int64_t index) const { return indices_.at(static_cast<size_t>(index)); }

  std::shared_ptr<const PictureSet> pictures_;
  std::vector<int64_t> indices_;
};

// All pictures, in an order that their names and the seed decide.
std::vector<int64_t> drawn_order(const PictureSet& pictures, uint64_t seed) {
  std::vector<std::pair<uint64_t, int64_t>> keyed;
  for (int64_t i = 0; i < pictures.size(); ++i) {
    keyed.emplace_back(random_bits(seed, kSplitStream, hash_of(pictures.name(i))), i);
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<int64_t> order;
  for (const auto& [key, index] : keyed) order.push_back(index);
  return order;
}

}  // namespace

std::shared_ptr<const PictureSet> subset(std::shared_ptr<const PictureSet> pictures, std::vector<int64_t> indices) {
  return std::make_shared<const Subset>(std::move(pictures), std::move(indices));
}

Split split(const PictureSet& pictures, double share, uint64_t seed) {
  auto wanted = static_cast<size_t>(std::llround(share * static_cast<double>(pictures.size())));
  if (share > 0) wanted = std::max<size_t>(wanted, 1);
  std::map<int64_t, int64_t> left_of_class, left_of_style;
  for (int64_t i = 0; i < pictures.size(); ++i) {
    ++left_of_class[pictures.label(i)];
    ++left_of_style[pictures.style(i)];
  }
  Split result;
  for (const int64_t i : drawn_order(pictures, seed)) {
    int64_t& of_class = left_of_class[pictures.label(i)];
    int64_t& of_style = left_of_style[pictures.style(i)];
    if (result.held_out.size() < wanted && of_class > 1 && of_style > 1) {
      --of_class;
      --of_style;
      result.held_out.push_back(i);
    } else {
      result.training.push_back(i);
    }
  }
  if (share > 0 && result.held_out.empty()) {
    log_warning(concat("data.held_out ", share, " holds none of the ", counted(pictures.size(), "picture", "pictures"),
                       " out, as no class may lose its only picture: there is no validation loss"));
  }
  std::sort(result.training.begin(), result.training.end());
  return result;
}

}  // namespace pixnerd::data
