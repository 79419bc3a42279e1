// All metrics of one set of pictures: from features and a reference to a list of figures with their intervals and to
// warnings about what those figures cannot say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/progress.h"
#include "eval/features.h"
#include "eval/metric.h"
#include "eval/reference.h"

namespace pixnerd::eval {

struct Settings {
  std::vector<Metric> metrics;
  FeatureNetwork network = FeatureNetwork::inception;  // that saw the pictures: for names in messages
  int64_t is_splits = 10;
  std::optional<int64_t> is_split_size;  // ADM: 5000; takes the place of is_splits
  int64_t neighbours = 3;                // of precision and recall
  int64_t kid_subsets = 100;
  int64_t kid_subset_size = 1000;  // at most; half of the smaller set where that has less than twice as many
  int64_t resamples = 20;          // draws behind an interval; below 2 there are none
  uint64_t seed = 0;
};

struct Result {
  Metric metric = Metric::fid;
  double value = 0;
  std::optional<double> deviation;   // of IS over its splits, of KID over its subsets
  std::optional<double> half_width;  // of the 95 % interval
};

struct Failure {
  Metric metric = Metric::fid;
  std::string reason;
};

struct Report {
  std::vector<Result> results;    // in the order of Settings::metrics, without those that failed
  std::vector<Failure> failures;  // likewise
  std::vector<std::string> warnings;
};

bool needs_reference(const std::vector<Metric>& metrics);
bool needs_reference_features(const std::vector<Metric>& metrics);

// What the metrics use of the pictures that are judged, and of a reference's.
Needs needs_of(const std::vector<Metric>& metrics);
Needs reference_needs_of(const std::vector<Metric>& metrics);

// The intervals say what another set of as many generated pictures might have given, with the reference as it is:
// clang-format off
//   FID, sFID   1.96 deviations of the metric over random halves of the pictures (interval.h)
//   IS          the same over resamples within its splits, which keep their sizes
//   precision   of a share of independent pictures, the reference's balls kept: Wilson's
//   recall      1.96 deviations over random halves, with the balls that they have, and Wilson's for the smaller set
//               where that is wider
//   KID         from its subsets' deviation s of m out of n pictures: s / sqrt(n / m - 1), as of subsampling
// clang-format on
// `reference` may be null if no metric needs one. A metric that cannot be computed (unsupported_reason.h) takes no
// other with it. DataError if none can be.
Report evaluate(const Features& features, const Reference* reference, const Settings& settings,
                Progress* progress = nullptr);

}  // namespace pixnerd::eval
