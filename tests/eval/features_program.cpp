// What a network sees, for networks_test.py: features_program NETWORK WEIGHTS PICTURES OUT, safetensors files with
// `pictures` [B, H, W, 3] uint8 in and `pooled`, `spatial`, `logits` out.
#include <cstdio>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/text.h"
#include "eval/extractor.h"

namespace pixnerd::eval {
namespace {

void run(const std::string& network, const std::string& weights, const char* pictures, const char* out) {
  ExtractorConfig config;
  config.weights = weights;
  for (const auto& [name, value] : enum_names(FeatureNetwork{})) {
    if (network == name) config.network = value;
  }
  const Features seen = load_extractor(config).extract(checkpoint::load_safetensors(pictures).tensors.at("pictures"));
  checkpoint::NamedTensors tensors = {{"pooled", seen.pooled}};
  if (seen.spatial.defined()) tensors.emplace_back("spatial", seen.spatial);
  if (seen.logits.defined()) tensors.emplace_back("logits", seen.logits);
  checkpoint::save_safetensors(out, tensors);
}

}  // namespace
}  // namespace pixnerd::eval

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  try {
    pixnerd::eval::run(argv[1], argv[2], argv[3], argv[4]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
