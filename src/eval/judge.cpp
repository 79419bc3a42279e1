#include "eval/judge.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "core/errors.h"
#include "core/random.h"
#include "core/text.h"

namespace pixnerd::eval {
namespace {

// Of shrinkages from .15 to .9 and weights from 0 to 12: with weights from 2 to 5 as good as any on real pictures left
// out, and 5 is the best of these where their edges are rough, which shifts what the network sees (docs/evaluation.md).
constexpr double kShrinkage = 0.6;
constexpr double kThumbnailWeight = 5.0;
constexpr int64_t kThumbnailSide = 8;

// Root mean square difference of thumbnails, from 0 to 1, below which pictures of one class are nearly the same: it
// sorts out redrawn versions of one artwork, and keeps other artists' works.
constexpr double kNearlyTheSame = 0.04;

// Features that are never below zero have a few large values that the root brings nearer to the others.
at::Tensor rooted(const at::Tensor& features) {
  return features.sign() * features.abs().sqrt();
}

// 1 over the deviation within classes, averaged over the features.
double scale_of(const at::Tensor& features, const at::Tensor& classes, int64_t num_classes) {
  at::Tensor means = at::zeros({num_classes, features.size(1)}, features.options());
  means.index_add_(0, classes, features);
  means.div_(at::bincount(classes, {}, num_classes).clamp_min(1).unsqueeze(1));
  const double variance = (features - means.index_select(0, classes)).square().mean().item<double>();
  return variance > 0 ? 1 / std::sqrt(variance) : 1;
}

}  // namespace

at::Tensor thumbnails(const at::Tensor& pictures) {
  const at::Tensor levels = pictures.permute({0, 3, 1, 2}).to(at::kFloat).div_(255);
  return at::adaptive_avg_pool2d(levels, {kThumbnailSide, kThumbnailSide}).flatten(1);
}

FeatureExtractor with_thumbnails(FeatureExtractor extractor) {
  return [extractor = std::move(extractor)](const at::Tensor& pictures) {
    Features features = extractor(pictures);
    features.thumbnails = thumbnails(pictures);
    return features;
  };
}

void check_known(const std::vector<Asked>& asked, const std::vector<Asked>& shown) {
  std::set<std::string> known;
  for (const Asked& each : shown) known.insert(each.classes.begin(), each.classes.end());
  for (const Asked& each : asked) {
    for (const std::string& name : each.classes) {
      if (known.contains(name)) continue;
      throw DataError(concat("no picture that the judge learns from shows ", quoted(name),
                             "; name a --reference that has all classes that are drawn"));
    }
  }
}

struct Judge::Fitted {
  Discriminant classes;
  std::optional<Discriminant> styles;
};

Judge::Judge(Exemplars real, Exemplars more) : shown_(std::move(real.shown)) {
  number_shown();
  const std::vector<int64_t> taken = numbered(more.shown);
  at::Tensor pooled = rooted(real.features.pooled);
  thumbnails_ = real.features.thumbnails;
  if (!taken.empty()) {
    const at::Tensor rows = at::tensor(taken);
    pooled = at::cat({pooled, rooted(more.features.pooled.index_select(0, rows))});
    thumbnails_ = at::cat({thumbnails_, more.features.thumbnails.index_select(0, rows)});
  }
  seen_ = pooled.size(1);
  const at::Tensor numbers = at::tensor(class_of_);
  network_scale_ = scale_of(pooled, numbers, std::ssize(classes_));
  thumbnail_scale_ = kThumbnailWeight * scale_of(thumbnails_, numbers, std::ssize(classes_));
  f_ = at::cat({pooled * network_scale_, thumbnails_ * thumbnail_scale_}, 1);
  whole_ = std::make_shared<const Fitted>(fitted(at::arange(f_.size(0))));
}

void Judge::number_shown() {
  std::set<std::string> classes, styles;
  for (const Asked& each : shown_) {
    classes.insert(each.classes.front());
    if (!each.style.empty()) styles.insert(each.style);
  }
  classes_.assign(classes.begin(), classes.end());
  styles_.assign(styles.begin(), styles.end());
  for (const std::string& name : classes_) number_of_class_.emplace(name, std::ssize(number_of_class_));
  for (const Asked& each : shown_) {
    class_of_.push_back(number_of_class_.at(each.classes.front()));
    const auto style = std::lower_bound(styles_.begin(), styles_.end(), each.style);
    style_of_.push_back(each.style.empty() ? -1 : style - styles_.begin());
  }
}

std::vector<int64_t> Judge::numbered(const std::vector<Asked>& more) {
  std::vector<int64_t> taken;
  for (int64_t i = 0; i < std::ssize(more); ++i) {
    const auto found = number_of_class_.find(more[static_cast<size_t>(i)].classes.front());
    if (found == number_of_class_.end()) continue;
    taken.push_back(i);
    class_of_.push_back(found->second);
    style_of_.push_back(-1);
  }
  return taken;
}

at::Tensor Judge::view(const Features& features) const {
  return at::cat({rooted(features.pooled) * network_scale_, features.thumbnails * thumbnail_scale_}, 1);
}

Judge::Fitted Judge::fitted(const at::Tensor& rows) const {
  const at::Tensor f = f_.index_select(0, rows);
  const at::Tensor classes = at::tensor(class_of_).index_select(0, rows);
  const at::Tensor styles = at::tensor(style_of_).index_select(0, rows), have = styles.ge(0).nonzero().flatten();
  std::optional<Discriminant> of_styles;
  if (have.numel() > 0) {
    const at::Tensor seen = f.narrow(1, 0, seen_).index_select(0, have);
    of_styles.emplace(seen, styles.index_select(0, have), std::ssize(styles_), kShrinkage);
  }
  return {Discriminant(f, classes, std::ssize(classes_), kShrinkage), std::move(of_styles)};
}

std::vector<Opinion> Judge::opinions(const Features& features, const std::vector<Asked>& asked) const {
  return opinions(*whole_, view(features), asked);
}

std::vector<Opinion> Judge::opinions(const Fitted& fitted, const at::Tensor& f, const std::vector<Asked>& asked) const {
  const at::Tensor scores = fitted.classes.scores(f), first = scores.argmax(1);
  const at::Tensor styles = fitted.styles ? fitted.styles->scores(f.narrow(1, 0, seen_)).argmax(1) : at::Tensor();
  std::vector<Opinion> all;
  for (int64_t i = 0; i < std::ssize(asked); ++i) {
    Opinion& opinion = all.emplace_back();
    for (const std::string& name : asked[static_cast<size_t>(i)].classes) {
      const at::Tensor score = scores[i][number_of_class_.at(name)];
      opinion.places.push_back(1 + scores[i].gt(score).sum().item<int64_t>());
    }
    opinion.named = classes_[static_cast<size_t>(first[i].item<int64_t>())];
    if (styles.defined()) opinion.style = styles_[static_cast<size_t>(styles[i].item<int64_t>())];
  }
  return all;
}

// Rows of exemplars that are not in `part`, nor nearly repeat one of it.
at::Tensor Judge::unlike(const at::Tensor& part) const {
  const at::Tensor classes = at::tensor(class_of_);
  const double dimension = static_cast<double>(thumbnails_.size(1));
  const at::Tensor distance = at::cdist(thumbnails_.index_select(0, part), thumbnails_).div_(std::sqrt(dimension));
  const at::Tensor is_like =
      distance.lt(kNearlyTheSame).logical_and_(classes.index_select(0, part).unsqueeze(1).eq(classes)).any(0);
  return is_like.index_fill(0, part, true).logical_not().nonzero().flatten();
}

std::vector<Opinion> Judge::of_unseen(int64_t folds, uint64_t seed) const {
  const int64_t count = std::ssize(shown_);
  const std::vector<int64_t> order = random_permutation(count, seed, 0);
  std::vector<Opinion> all(static_cast<size_t>(count));
  for (int64_t fold = 0; fold < std::min(folds, count); ++fold) {
    std::vector<int64_t> part;
    std::vector<Asked> asked;
    for (int64_t i = fold; i < count; i += folds) {
      part.push_back(order[static_cast<size_t>(i)]);
      asked.push_back(shown_[static_cast<size_t>(part.back())]);
    }
    const at::Tensor rows = at::tensor(part);
    const std::vector<Opinion> found = opinions(fitted(unlike(rows)), f_.index_select(0, rows), asked);
    for (size_t i = 0; i < part.size(); ++i) all[static_cast<size_t>(part[i])] = found[i];
  }
  return all;
}

}  // namespace pixnerd::eval
