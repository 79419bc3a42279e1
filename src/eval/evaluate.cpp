#include "eval/evaluate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/errors.h"
#include "core/text.h"
#include "eval/inception_score.h"
#include "eval/interval.h"
#include "eval/kernel_distance.h"
#include "eval/precision_recall.h"

namespace pixnerd::eval {
namespace {

constexpr std::array<std::pair<const char*, Metric>, 6> kNames = {{{"fid", Metric::fid},
                                                                   {"sfid", Metric::sfid},
                                                                   {"is", Metric::is},
                                                                   {"precision", Metric::precision},
                                                                   {"recall", Metric::recall},
                                                                   {"kid", Metric::kid}}};
constexpr int64_t kFewPictures = 10000;  // below, figures of different numbers of pictures differ visibly
constexpr int64_t kPublishedSplit = 5000;
constexpr double kNormalQuantile = 1.959963984540054;  // of 97.5 %

class Evaluation {
 public:
  Evaluation(const Features& features, const Reference* reference, const Settings& settings)
      : features_(features), reference_(reference), settings_(settings), count_(features.pooled.size(0)) {}

  Result result_of(Metric metric) {
    switch (metric) {
      case Metric::fid:
        return frechet(metric, reference().pooled, features_.pooled);
      case Metric::sfid:
        return frechet(metric, reference().spatial, features_.spatial);
      case Metric::is:
        return inception();
      case Metric::precision:
        return share(metric, features_.pooled, reference_features());
      case Metric::recall:
        return share(metric, reference_features(), features_.pooled);
      case Metric::kid:
        return kernel();
    }
    throw RequestError("there is no such metric");
  }

  std::vector<std::string> take_warnings() { return std::move(warnings_); }

 private:
  const Reference& reference() const {
    if (reference_ == nullptr) throw RequestError("every metric but is needs a reference");
    return *reference_;
  }

  const at::Tensor& reference_features() const {
    const at::Tensor& wanted = reference().features;
    if (!wanted.defined()) {
      throw DataError(concat("'", printable(reference().source, 400),
                             "' holds statistics alone; precision, recall and ",
                             "kid need the reference's pictures: name those, or leave these metrics out"));
    }
    if (wanted.size(1) != features_.pooled.size(1)) {
      throw DataError(concat("features of ", features_.pooled.size(1),
                             " numbers cannot be compared with a reference of ", wanted.size(1),
                             "; use the same network for both"));
    }
    return wanted;
  }

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

  Result frechet(Metric metric, const std::optional<Gaussian>& expected, const at::Tensor& seen) {
    if (!expected || !seen.defined()) {
      throw DataError(concat(name_of(metric), " needs ", metric == Metric::sfid ? "mu_s and sigma_s" : "mu and sigma",
                             " of the reference, which '", printable(reference().source, 400), "' lacks"));
    }
    warn_of_few("FID and sFID fall as pictures are added:");
    if (count_ <= seen.size(1)) {
      warn(concat("fewer pictures (", count_, ") than features (", seen.size(1), "): ", name_of(metric),
                  " rests on a singular covariance and is far too high"));
    }
    const FrechetDistance distance(*expected);
    Result result{metric, distance.to(gaussian_of(seen)), {}, {}};
    if (has_intervals()) {
      result.half_width =
          half_width(bootstrap({count_}, settings_.resamples, settings_.seed,
                               [&](const at::Tensor& rows) { return distance.to(gaussian_of(seen, rows)); }));
    }
    return result;
  }

  Result inception() {
    if (!features_.logits.defined()) throw DataError("is needs a network with classes");
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
    Result result{Metric::is, score.mean, score.deviation, {}};
    if (has_intervals()) {
      result.half_width = half_width(bootstrap(sizes, settings_.resamples, settings_.seed, [&](const at::Tensor& rows) {
        return inception_score(features_.logits, splits, rows).mean;
      }));
    }
    return result;
  }

  // The share of `points` inside the manifold of `centres`.
  Result share(Metric metric, const at::Tensor& points, const at::Tensor& centres) {
    warn_of_few("precision and recall depend on the number of pictures:");
    const at::Tensor inside = covered(points, centres, squared_radii(centres, settings_.neighbours));
    const auto n = static_cast<double>(points.size(0));
    const double value = static_cast<double>(inside.sum().item<int64_t>()) / n;
    Result result{metric, value, {}, {}};
    if (has_intervals()) result.half_width = kNormalQuantile * std::sqrt(value * (1 - value) / n);
    return result;
  }

  Result kernel() {
    const int64_t fewest = std::min(count_, reference_features().size(0));
    const int64_t size = std::min(settings_.kid_subset_size, fewest / 2);
    if (size < settings_.kid_subset_size) {
      warn(concat("KID on subsets of ", size, " instead of ", settings_.kid_subset_size, ", as there are only ", fewest,
                  " pictures: the same on average, with more spread"));
    }
    const KernelDistance distance =
        kernel_distance(reference_features(), features_.pooled, settings_.kid_subsets, size, settings_.seed);
    Result result{Metric::kid, distance.mean, distance.deviation, {}};
    const double ratio = static_cast<double>(fewest) / static_cast<double>(size);
    if (has_intervals()) result.half_width = kNormalQuantile * distance.deviation / std::sqrt(ratio - 1);
    return result;
  }

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

std::span<const std::pair<const char*, Metric>> enum_names(Metric) {
  return kNames;
}

const char* name_of(Metric metric) {
  return kNames[static_cast<size_t>(metric)].first;
}

bool needs_reference(const std::vector<Metric>& metrics) {
  return std::any_of(metrics.begin(), metrics.end(), [](Metric metric) { return metric != Metric::is; });
}

bool needs_reference_features(const std::vector<Metric>& metrics) {
  return holds(metrics, Metric::precision) || holds(metrics, Metric::recall) || holds(metrics, Metric::kid);
}

Report evaluate(const Features& features, const Reference* reference, const Settings& settings, Progress* progress) {
  Evaluation evaluation(features, reference, settings);
  Report report;
  const auto total = static_cast<int64_t>(settings.metrics.size());
  for (const Metric metric : settings.metrics) {
    if (progress != nullptr) {
      progress->update(static_cast<int64_t>(report.results.size()), total, name_of(metric));
    }
    report.results.push_back(evaluation.result_of(metric));
  }
  if (progress != nullptr) progress->update(total, total, "");
  report.warnings = evaluation.take_warnings();
  return report;
}

}  // namespace pixnerd::eval
