#include "eval/evaluate.h"

#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "core/random.h"
#include "core/text.h"
#include "eval/inception_score.h"
#include "eval/interval.h"
#include "eval/kernel_distance.h"
#include "eval/precision_recall.h"
#include "eval/unsupported_reason.h"

namespace pixnerd::eval {
namespace {

constexpr int64_t kFewPictures = 10000;  // below, figures of different numbers of pictures differ visibly
constexpr int64_t kPublishedSplit = 5000;
constexpr int64_t kNeighboursKept = 32;  // of which hardly ever as few as ADM's three are in a half
constexpr double kNoticeable = 1.05;     // times one Inception Score is another

class Evaluator {
 public:
  Evaluator(const Features& features, const Reference* reference, const Settings& settings)
      : features_(features), reference_(reference), settings_(settings), count_(features.count()) {}

  Result result_of(Metric metric) {
    if (metric != Metric::is && reference_ == nullptr) throw RequestError("every metric but is needs a reference");
    const std::string reason = unsupported_reason(metric, features_, count_, reference_, settings_);
    if (!reason.empty()) throw DataError(reason);
    switch (metric) {
      case Metric::fid:
        return frechet(metric, *reference_->pooled, features_.pooled);
      case Metric::sfid:
        return frechet(metric, *reference_->spatial, features_.spatial);
      case Metric::is:
        return inception();
      case Metric::precision:
        return precision();
      case Metric::recall:
        return recall();
      case Metric::kid:
        return kernel();
    }
    throw RequestError("there is no such metric");
  }

  std::vector<std::string> take_warnings() { return std::move(warnings_); }

 private:
  // Says once what is true of several metrics.
  void warn(const std::string& warning) {
    if (std::find(warnings_.begin(), warnings_.end(), warning) == warnings_.end()) warnings_.push_back(warning);
  }

  void warn_of_few(const char* what) {
    const auto few = [&](int64_t count, const char* whose) {
      if (count > 0 && count < kFewPictures) {
        warn(concat(what, " of only ", count, whose, " pictures: compare it with figures of as many pictures alone"));
      }
    };
    few(count_, "");
    if (reference_ != nullptr) few(reference_->pictures, " reference");
  }

  Result frechet(Metric metric, const Gaussian& expected, const at::Tensor& seen) {
    warn_of_few(is_inception() ? "FID and sFID fall as pictures are added:" : "FD falls as pictures are added:");
    if (count_ <= seen.size(1)) {
      warn(concat("fewer pictures (", count_, ") than features (", seen.size(1), "): ", name(metric),
                  " rests on a singular covariance and is far too high"));
    }
    const FrechetDistance distance(expected);
    Result result{metric, distance.to(gaussian_of(seen)), {}, {}};
    if (!has_intervals() || count_ < 3) return result;
    std::vector<double> of_halves;
    for (int64_t round = 0; round < settings_.resamples; ++round) {
      of_halves.push_back(distance.to(gaussian_of(seen, half(round))));
    }
    result.half_width = half_width(of_halves);
    return result;
  }

  Result inception() {
    const std::vector<Split> splits = settings_.is_split_size ? splits_of_size(count_, *settings_.is_split_size)
                                                              : equal_splits(count_, settings_.is_splits);
    std::vector<int64_t> sizes;
    for (const Split& split : splits) sizes.push_back(split.size);
    const int64_t smallest = *std::min_element(sizes.begin(), sizes.end());
    if (smallest < kPublishedSplit) {
      warn(concat("the Inception Score rises with the size of its splits: these are of ", smallest,
                  " pictures, published ones of ", kPublishedSplit));
    }
    const InceptionScore score = inception_score(features_.logits, splits);
    warn_of_order(score, splits);
    Result result{Metric::is, score.mean, score.deviation, {}};
    if (has_intervals()) {
      result.half_width = half_width(bootstrap(sizes, settings_.resamples, settings_.seed, [&](const at::Tensor& rows) {
        return inception_score(features_.logits, splits, rows).mean;
      }));
    }
    return result;
  }

  // A split of pictures that lie class by class has few of the classes, which the score takes for little variety.
  void warn_of_order(const InceptionScore& score, const std::vector<Split>& splits) {
    const at::Tensor order = at::tensor(random_permutation(count_, settings_.seed, 0), at::kLong);
    const InceptionScore shuffled = inception_score(features_.logits, splits, order);
    const double chance =
        3 * std::max(score.deviation, shuffled.deviation) / std::sqrt(static_cast<double>(splits.size()));
    if (shuffled.mean <= kNoticeable * score.mean || shuffled.mean - score.mean <= chance) return;
    warn(
        concat("the pictures lie in the order of their classes, so that each split of the Inception Score sees a part "
               "of them: ",
               static_cast<float>(score.mean), "; shuffled it is ", static_cast<float>(shuffled.mean)));
  }

  // Spheres round the reference, which stay: pictures fall into them or not, each for itself.
  Result precision() {
    warn_of_few_neighbours();
    const at::Tensor& centres = reference_->features;
    const at::Tensor inside = covered(features_.pooled, centres, squared_radii(centres, settings_.neighbours));
    const double value = inside.to(at::kDouble).mean().item<double>();
    Result result{Metric::precision, value, {}, {}};
    if (has_intervals()) result.half_width = half_width_of_share(value, count_);
    return result;
  }

  // Spheres round the generated pictures, which another set of them would have elsewhere and in other sizes.
  Result recall() {
    warn_of_few_neighbours();
    const int64_t k = settings_.neighbours;
    const Neighbours neighbours = neighbours_of(features_.pooled, std::max(kNeighboursKept, 8 * k));
    std::vector<at::Tensor> radii{squared_radii(neighbours, k)};
    const bool has_halves = has_intervals() && (count_ + 1) / 2 > k;
    for (int64_t round = 0; has_halves && round < settings_.resamples; ++round) {
      radii.push_back(squared_radii_within(neighbours, k, half(round)));
    }
    const at::Tensor shares = covered(reference_->features, features_.pooled, at::stack(radii)).to(at::kDouble).mean(1);
    std::vector<double> values(shares.const_data_ptr<double>(), shares.const_data_ptr<double>() + shares.size(0));
    Result result{Metric::recall, values.front(), {}, {}};
    if (!has_intervals()) return result;
    // Halves that all have everything or nothing inside say less than that there are so few pictures.
    result.half_width = half_width_of_share(result.value, std::min(count_, reference_->features.size(0)));
    values.erase(values.begin());
    if (has_halves) result.half_width = std::max(*result.half_width, half_width(values));
    return result;
  }

  void warn_of_few_neighbours() { warn_of_few("precision and recall depend on the number of pictures:"); }

  at::Tensor half(int64_t round) const { return random_half(count_, settings_.seed, static_cast<uint64_t>(round)); }

  Result kernel() {
    const int64_t fewest = std::min(count_, reference_->features.size(0));
    const int64_t size = std::min(settings_.kid_subset_size, fewest / 2);
    if (size < settings_.kid_subset_size) {
      warn(concat(is_inception() ? "KID" : "KD", " on subsets of ", size, " instead of ", settings_.kid_subset_size,
                  ", as there are only ", fewest, " pictures: the same on average, with more spread"));
    }
    const KernelDistance distance =
        kernel_distance(reference_->features, features_.pooled, settings_.kid_subsets, size, settings_.seed);
    Result result{Metric::kid, distance.mean, distance.deviation, {}};
    const double ratio = static_cast<double>(fewest) / static_cast<double>(size);
    if (has_intervals()) result.half_width = kNormalQuantile * distance.deviation / std::sqrt(ratio - 1);
    return result;
  }

  bool is_inception() const { return settings_.network == FeatureNetwork::inception; }
  const char* name(Metric metric) const { return name_of(metric, settings_.network); }
  bool has_intervals() const { return settings_.resamples >= 2; }

  const Features& features_;
  const Reference* reference_;
  const Settings& settings_;
  int64_t count_;
  std::vector<std::string> warnings_;
};

bool holds(const std::vector<Metric>& metrics, Metric metric) {
  return std::find(metrics.begin(), metrics.end(), metric) != metrics.end();
}

}  // namespace

bool needs_reference(const std::vector<Metric>& metrics) {
  return std::any_of(metrics.begin(), metrics.end(), [](Metric metric) { return metric != Metric::is; });
}

bool needs_reference_features(const std::vector<Metric>& metrics) {
  return holds(metrics, Metric::precision) || holds(metrics, Metric::recall) || holds(metrics, Metric::kid);
}

Needs needs_of(const std::vector<Metric>& metrics) {
  Needs needs = reference_needs_of(metrics);
  needs.logits = holds(metrics, Metric::is);
  return needs;
}

Needs reference_needs_of(const std::vector<Metric>& metrics) {
  const bool needs_pooled = holds(metrics, Metric::fid) || needs_reference_features(metrics);
  return {needs_pooled, holds(metrics, Metric::sfid), false};
}

Report evaluate(const Features& features, const Reference* reference, const Settings& settings, Progress* progress) {
  Evaluator evaluator(features, reference, settings);
  Report report;
  const auto total = static_cast<int64_t>(settings.metrics.size());
  for (int64_t done = 0; done < total; ++done) {
    const Metric metric = settings.metrics[static_cast<size_t>(done)];
    if (progress != nullptr) progress->update(done, total, name_of(metric, settings.network));
    try {
      report.results.push_back(evaluator.result_of(metric));
    } catch (const DataError& error) {
      report.failures.push_back({metric, error.what()});
    }
  }
  if (progress != nullptr) progress->update(total, total, "");
  if (report.results.empty() && !report.failures.empty()) throw DataError(report.failures.front().reason);
  if (reference != nullptr) report.warnings = reference->warnings;
  for (std::string& warning : evaluator.take_warnings()) report.warnings.push_back(std::move(warning));
  return report;
}

}  // namespace pixnerd::eval
