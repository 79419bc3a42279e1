#include "cli/preparation.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <CLI/CLI.hpp>

#include "cli/text_flags.h"
#include "config/json.h"
#include "config/member.h"
#include "core/memory.h"
#include "core/text.h"
#include "engine/profile.h"

namespace pixnerd::cli {
namespace {

// What the speed of an evaluation depends on.
std::filesystem::path profile_of(const DrawingTools& tools) {
  const std::string network = config::to_json(config::member_value(tools.file.description.model));
  return engine::profile_file(concat(network, models::name_of(tools.precision), tools.device.str(),
                                     at::get_num_threads(), at::get_cpu_capability()));
}

}  // namespace

void check(const DrawingTools& tools, const std::vector<sample::PictureRequest>& pictures) {
  const models::Network& network = *tools.file.network;
  sample::check(network.config(), pictures);
  sample::check_memory(network, tools.precision, pictures, available_bytes());
  if (network.config().needs_text_encoder() && tools.text_encoder.empty()) {
    throw CLI::ValidationError("--text-encoder is required to draw prompts");
  }
  if (network.config().reads_bytes() && !tools.text_encoder.empty()) {
    throw CLI::ValidationError("--text-encoder is of no use: the network reads texts itself");
  }
}

sample::DrawSettings prepare(const DrawingTools& tools, const std::vector<sample::PictureRequest>& pictures) {
  sample::DrawSettings settings;
  settings.precision = tools.precision;
  settings.batch = tools.batch;
  settings.available_bytes = available_bytes();
  settings.profile = profile_of(tools);
  if (tools.file.description.model.takes_text()) {
    const std::vector<std::string> texts = sample::texts_of(pictures);
    settings.states = sample::states_by_text(
        texts, encode(texts, tools.text_encoder, tools.prompt_cache, *tools.file.network, tools.device));
  }
  tools.file.network->prepare_for_inference(tools.device, models::weight_type(tools.precision));
  keep_freed_memory();  // from here on only what an evaluation frees, not the weights that were packed
  return settings;
}

}  // namespace pixnerd::cli
