// All metrics of one set of pictures: from features and a reference to a list of figures with their intervals and to
// warnings about what those figures cannot say.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/progress.h"
#include "eval/features.h"
#include "eval/reference.h"

namespace pixnerd::eval {

enum class Metric { fid, sfid, is, precision, recall, kid };
std::span<const std::pair<const char*, Metric>> enum_names(Metric);
const char* name_of(Metric metric);

struct Settings {
  std::vector<Metric> metrics;
  int64_t is_splits = 10;
  std::optional<int64_t> is_split_size;  // ADM: 5000; takes the place of is_splits
  int64_t neighbours = 3;                // of precision and recall
  int64_t kid_subsets = 100;
  int64_t kid_subset_size = 1000;  // at most; half of the smaller set where that has less than twice as many
  int64_t resamples = 20;          // of the bootstrap; below 2 there are no intervals
  uint64_t seed = 0;
};

struct Result {
  Metric metric = Metric::fid;
  double value = 0;
  std::optional<double> deviation;   // of IS over its splits, of KID over its subsets
  std::optional<double> half_width;  // of the 95 % interval
};

struct Report {
  std::vector<Result> results;  // in the order of Settings::metrics
  std::vector<std::string> warnings;
};

bool needs_reference(const std::vector<Metric>& metrics);
bool needs_reference_features(const std::vector<Metric>& metrics);

// The intervals say what another set of as many generated pictures might have given, with the reference as it is:
//   FID, sFID, IS      1.96 deviations of the metric over resamples (interval.h)
//   precision, recall  the same for shares, where it is known without drawing: sqrt(p (1 - p) / n), spheres kept
//   KID                from its subsets' deviation s of m out of n pictures: s / sqrt(n / m - 1), as of subsampling
// `reference` may be null if no metric needs one. DataError: features of another dimension than the reference's, no
// spatial features on either side for sFID, no reference features for precision, recall and KID, too few pictures for a
// figure to exist.
Report evaluate(const Features& features, const Reference* reference, const Settings& settings,
                Progress* progress = nullptr);

}  // namespace pixnerd::eval
