#include "train/plan.h"

#include <algorithm>
#include <vector>

#include "data/batch_size.h"
#include "models/cost.h"
#include "train/preflight.h"

namespace pixnerd::train {

Plan plan_of(const RunConfig& config, int64_t ranks, Exchange exchange) {
  check_shares(config, ranks);
  constexpr double kFloat = 4;
  Plan plan;
  plan.ranks = ranks;
  plan.parameters = trained_values(config);
  plan.share = config.train.batch_size / ranks;
  plan.together = together(config, ranks);
  plan.memory = step_memory(config, ranks, exchange);
  const double others = static_cast<double>(ranks - 1) / static_cast<double>(ranks);
  const int64_t powers = config.train.average_every > 0 ? std::ssize(config.train.average_lengths) : 0;
  plan.checkpoint = plan.parameters * kFloat * static_cast<double>(4 + powers);  // value, average, two moments
  plan.collected = plan.checkpoint;
  // Gradients to their owners, and the new values from there to everyone.
  plan.sent = ranks == 1 ? 0 : 2 * others * plan.parameters * kFloat;
  const std::vector<int64_t> sizes = config.data.sizes();
  const std::vector<double> shares = data::shares_of_sizes(config.data);
  for (size_t i = 0; i < sizes.size(); ++i) {
    const models::Cost cost = models::cost_of(config.model, sizes[i], sizes[i]);
    plan.operations += shares[i] * cost.training() * static_cast<double>(plan.share);
  }
  return plan;
}

}  // namespace pixnerd::train
