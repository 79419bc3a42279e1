#include "engine/memory.h"

#include "core/errors.h"
#include "core/text.h"
#include "models/cost.h"

namespace pixnerd::engine {
namespace {

bool reuses(const SampleConfig& settings) {
  return settings.sampler.reuse > 1 || !settings.sampler.encode_steps.empty();
}

bool is_counted(const models::Network& network, uint64_t available) {
  return available > 0 && network.device().is_cpu();
}

}  // namespace

void require_sizes(const models::ModelConfig& config, const SampleConfig& settings) {
  for (const PictureSize& size : {settings.size, settings.picture_size()}) {
    for (const int64_t side : size) {
      if (side >= 1 && side <= diffusion::kLongestSide) continue;
      throw RequestError(concat("the side of a picture ", side, " must be between 1 and ", diffusion::kLongestSide));
    }
  }
  const models::TokenGrid grid = models::token_grid(config, settings.size[1], settings.size[0]);
  if (!settings.decode_size) return;
  models::check_decodable(grid, (*settings.decode_size)[1], (*settings.decode_size)[0]);
}

double bytes_of(const models::Network& network, models::Precision precision, const SampleConfig& settings,
                int64_t pictures) {
  const auto [width, height] = settings.picture_size();
  const models::TokenGrid grid = models::token_grid(network.config(), settings.size[1], settings.size[0]);
  return models::sampling_bytes(network.config(), grid, height, width, pictures, precision, reuses(settings));
}

void require_memory(const models::Network& network, models::Precision precision, const SampleConfig& settings,
                    int64_t pictures, uint64_t available, double more, const char* name_of_more) {
  if (!is_counted(network, available)) return;
  const auto human = [](double bytes) { return human_bytes(static_cast<uint64_t>(bytes)); };
  const double drawing = bytes_of(network, precision, settings, pictures);
  if (drawing + more <= static_cast<double>(available)) return;
  const auto [width, height] = settings.picture_size();
  const bool is_more_alone = drawing <= static_cast<double>(available);
  throw RequestError(concat("drawing ", pictures, pictures == 1 ? " picture of " : " pictures at a time of ", width,
                            "x", height, " pixels needs about ", human(drawing), " of memory",
                            more > 0 ? concat(", and ", name_of_more, " ", human(more)) : "", ", but ",
                            human_bytes(available), " are available; ask for ",
                            is_more_alone ? "fewer prompts at a time, " : "", "a smaller --size",
                            reuses(settings) ? ", no --reuse" : "", ", or --dtype bfloat16"));
}

int64_t most_in_memory(const models::Network& network, models::Precision precision, const SampleConfig& settings,
                       int64_t most, uint64_t available) {
  if (!is_counted(network, available)) return most;
  while (most > 1 && bytes_of(network, precision, settings, most) > static_cast<double>(available)) most /= 2;
  return most;
}

}  // namespace pixnerd::engine
