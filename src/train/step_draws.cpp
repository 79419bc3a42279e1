#include "train/step_draws.h"

#include <algorithm>
#include <vector>

#include "core/random.h"
#include "train/run_inputs.h"

namespace pixnerd::train {

diffusion::Draws draws_of(const RunConfig& config, const StepPart& part, at::IntArrayRef picture) {
  const int64_t batch = config.train.batch_size, first = part.step * batch + part.first;
  std::vector<uint64_t> seeds;
  for (int64_t i = 0; i < part.rows; ++i) {
    seeds.push_back(
        random_bits(static_cast<uint64_t>(config.train.seed), kDrawStream, static_cast<uint64_t>(first + i)));
  }
  const double share = has_early_times(config.train, part.step) ? config.flow.early_share : 0.0;
  const auto early = static_cast<int64_t>(share * static_cast<double>(batch));
  return diffusion::draw_each(config.flow, seeds, picture, std::clamp<int64_t>(early - part.first, 0, part.rows));
}

}  // namespace pixnerd::train
