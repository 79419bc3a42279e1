#include "train/step_memory.h"

#include <algorithm>

#include "core/counted.h"
#include "core/errors.h"
#include "core/text.h"
#include "models/cost.h"

namespace pixnerd::train {
namespace {

constexpr double kTeacherValues = 86.6e6;  // of DINOv2 ViT-B/14
constexpr double kFeatureWidth = 768;      // of its tokens
constexpr double kSeenValues = 300;        // for each pixel, of what EfficientNet-Lite0 keeps for its gradients
constexpr double kUnderWay = 1;            // of the gradients, at most: buckets that have not been summed yet
constexpr double kProgram = 200e6;         // what LibTorch and its threads take once they are at work

double real(int64_t value) {
  return static_cast<double>(value);
}

std::string human(double bytes) {
  return human_bytes(static_cast<uint64_t>(bytes));
}

// Of one picture of the largest size: what is kept, and two blocks and two field blocks more, which are at work in the
// backward pass. The neural field computes in float32 always.
double bytes_of_pass(const RunConfig& config) {
  const models::Cost cost = models::cost_of(config.model, config.data.largest_size(), config.data.largest_size());
  const double blocks = std::max(1.0, real(config.model.transformer_blocks()));
  const double field_blocks = std::max(1.0, real(config.model.field_blocks()));
  const double of_blocks = config.train.recompute_blocks ? cost.kept_by_blocks_recomputed : cost.kept_by_blocks;
  const double of_field = config.train.recompute_field ? cost.kept_by_field_recomputed : cost.kept_by_field;
  const double value = config.train.precision == models::Precision::float32 ? 4 : 2;
  return (of_blocks + 2 * cost.kept_by_blocks / blocks) * value +
         (of_field + 2 * cost.kept_by_field / field_blocks) * 4;
}

RunConfig with_micro_batch(RunConfig config, int64_t micro_batch) {
  config.train.micro_batch_size = micro_batch;
  return config;
}

// What would make a step fit.
std::string remedy(const RunConfig& config, int64_t ranks, double available) {
  const auto fits = [&](const RunConfig& other) { return step_memory(other, ranks).total() <= available; };
  const int64_t now = together(config, ranks);
  if (fits(with_micro_batch(config, 1))) {
    int64_t most = 1;
    while (2 * most < now && fits(with_micro_batch(config, 2 * most))) most *= 2;
    return concat("set train.micro_batch_size to ", most, " or less, or lower train.batch_size");
  }
  if (step_memory(config, ranks).pictures > available / 2) return "lower train.batch_size and train.micro_batch_size";
  if (!config.train.recompute_blocks) {
    return "set train.micro_batch_size to 1 and train.recompute_blocks to true, or train a smaller model";
  }
  return "train a smaller model or smaller pictures; train.micro_batch_size and train.batch_size do not help";
}

void check_step(const RunConfig& config, int64_t ranks, double available) {
  const StepMemory memory = step_memory(config, ranks);
  if (memory.total() + kProgram <= available) return;
  throw ConfigError(concat("a step needs about ", human(memory.total()), " of memory (network ",
                           human(memory.network + memory.beside + memory.messages), ", batch of ",
                           config.train.batch_size / ranks, " ", human(memory.pictures), ", ", together(config, ranks),
                           " at once ", human(memory.pass), "), ", human(available),
                           ranks > 1 ? " are available for each process; " : " are available; ",
                           remedy(config, ranks, available - kProgram)));
}

// Of pictures that the averaged network draws, whose weights are in memory already.
void check_drawing(const RunConfig& config, int64_t ranks, const char* key, int64_t batch, double kept,
                   double available) {
  const auto [width, height] = config.sample.picture_size();
  const models::TokenGrid grid = models::token_grid(config.model, config.sample.size[1], config.sample.size[0]);
  const diffusion::SamplerConfig& sampler = config.sample.sampler;
  const double drawing = kept + models::sampling_bytes(config.model, grid, height, width, batch, config.train.precision,
                                                       sampler.reuse > 1 || !sampler.encode_steps.empty());
  const double network = step_memory(config, ranks).network - models::parameters_of(config.model) * 2 +
                         (ranks > 1 ? models::parameters_of(config.model) * 4 : 0);  // rank 0 collects the average
  if (network + drawing <= available) return;
  throw ConfigError(concat("drawing ", counted(batch, "picture", "pictures"), " of ", width, "x", height,
                           " needs about ", human(drawing), " beside ", human(network), " of the network, but ",
                           human(available), " of memory are available; lower ", key, " or sample.size"));
}

}  // namespace

double trained_values(const RunConfig& config) {
  const double network = models::parameters_of(config.model);
  if (config.repa.weight == 0) return network;
  const double width = real(config.model.hidden_size);
  const double hidden = real(config.repa.hidden_size.value_or(config.model.hidden_size));
  return network + hidden * (width + hidden + kFeatureWidth);
}

int64_t together(const RunConfig& config, int64_t ranks) {
  const int64_t share = config.train.batch_size / ranks;
  return std::min(share, config.train.micro_batch_size.value_or(share));
}

StepMemory step_memory(const RunConfig& config, int64_t ranks, Exchange exchange) {
  const double batch = real(config.train.batch_size / ranks), micro = real(together(config, ranks));
  const double parameters = trained_values(config), side = real(config.data.largest_size());
  constexpr double kBatchesAtOnce = 8;  // two read ahead and one made, the step's own, noise, x_t and the velocity
  constexpr double kGaps = 1.2;         // between tensors, and between an operation's input and its result
  const double read_ahead = std::max(0.0, 2 * real(config.data.workers) - 2 * batch);
  StepMemory memory;
  const int64_t powers = config.train.average_every > 0 ? std::ssize(config.train.average_lengths) : 0;
  const double sharded = (12.0 + 4.0 * real(powers)) / real(ranks);  // two moments and the averages
  memory.network = parameters * (8 + sharded + (config.train.precision == models::Precision::float32 ? 0 : 2));
  if (ranks > 1) {
    // All of one's own region, and of every other one both one's own slices and its owner's.
    const double touched = 1 + 2 * real(ranks - 1) / real(ranks);
    memory.messages = parameters * 4 * (exchange == Exchange::memory ? touched : kUnderWay);
  }
  if (config.repa.weight > 0 && config.repa.features.empty()) {
    memory.beside = kTeacherValues * (config.repa.precision == models::Precision::float32 ? 4 : 2);
  }
  memory.pictures = (batch * kBatchesAtOnce + read_ahead) * 3 * side * side * 4;
  if (config.model.takes_text()) {
    memory.pictures += 2 * batch * real(config.model.txt_max_length * config.model.txt_embed_dim) * 2;
  }
  memory.pass = micro * bytes_of_pass(config) * kGaps;
  if (config.perceptual.weight > 0) memory.pass += micro * kSeenValues * side * side * 4;
  return memory;
}

void check_memory(const RunConfig& config, int64_t ranks, uint64_t available) {
  if (available == 0) return;
  const auto all = static_cast<double>(available);
  check_step(config, ranks, all);
  const auto [width, height] = config.sample.picture_size();
  const int64_t pictures = config.train.sample_pictures;
  if (config.train.sample_every > 0) {
    const double kept = 9.0 * real(pictures) * real(width) * real(height);  // single, as a grid, and encoded
    check_drawing(config, ranks, "train.sample_pictures", std::min(config.train.batch_size, pictures), kept, all);
  }
  if (config.eval.every > 0) check_drawing(config, ranks, "eval.batch_size", config.eval.batch_size, 0, all);
}

}  // namespace pixnerd::train
