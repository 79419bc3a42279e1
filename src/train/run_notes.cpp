#include "train/run_notes.h"

#include <cmath>
#include <string>
#include <vector>

#include "core/counted.h"
#include "core/log.h"
#include "core/text.h"
#include "data/batch_size.h"
#include "models/cost.h"
#include "train/fit_to_data.h"

namespace pixnerd::train {
namespace {

// What saving memory costs, where it is asked for.
void report_recomputation(const RunConfig& config) {
  const TrainConfig& train = config.train;
  if (!train.recompute_blocks && !train.recompute_field) return;
  const models::Cost cost = models::cost_of(config.model, config.data.image_size, config.data.image_size);
  const double again = (train.recompute_blocks ? cost.blocks : 0) + (train.recompute_field ? cost.field : 0);
  const double batch = static_cast<double>(train.micro_batch_size.value_or(train.batch_size)) *
                       (train.precision == models::Precision::bfloat16 ? 2 : 4);
  const double kept = (train.recompute_blocks ? cost.kept_by_blocks_recomputed : cost.kept_by_blocks) +
                      (train.recompute_field ? cost.kept_by_field_recomputed : cost.kept_by_field);
  const auto bytes = [&](double values) { return human_bytes(static_cast<uint64_t>(values * batch)); };
  log_info(concat("recomputing ", train.recompute_blocks ? "transformer blocks" : "",
                  train.recompute_blocks && train.recompute_field ? " and " : "",
                  train.recompute_field ? "neural-field blocks" : "", ": about ",
                  std::lround(100 * again / cost.training()), " % more arithmetic a step, and about ", bytes(kept),
                  " kept for the backward pass instead of ", bytes(cost.kept_by_blocks + cost.kept_by_field)));
}

void report_sizes(const data::DataConfig& data) {
  if (data.more_sizes.empty()) return;
  const std::vector<int64_t> sizes = data.sizes();
  const std::vector<double> shares = data::shares_of_sizes(data);
  std::vector<std::string> each;
  for (size_t i = 0; i < sizes.size(); ++i) {
    each.push_back(concat(std::lround(100 * shares[i]), " % of the batches at ", sizes[i], "x", sizes[i]));
  }
  log_info(join(each, ", "));
}

}  // namespace

void tell_what_is_trained(const RunConfig& config, int64_t pictures, int64_t held_out, const dist::Group& group) {
  const int64_t share = config.train.batch_size / group.size();
  log_info(concat("training on ", counted(pictures, "picture", "pictures"), labels_of(config),
                  held_out > 0 ? concat(", ", counted(held_out, "picture", "pictures"), " held out") : "",
                  group.is_alone() ? ""
                                   : concat("; ", group.size(), " processes, ", counted(share, "picture", "pictures"),
                                            " of a batch each")));
  report_sizes(config.data);
  report_recomputation(config);
}

}  // namespace pixnerd::train
