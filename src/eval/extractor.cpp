#include "eval/extractor.h"

#include <memory>

#include "config/member.h"
#include "core/errors.h"
#include "core/text.h"
#include "eval/published_weights.h"
#include "eval/resize.h"
#include "models/dinov2.h"
#include "models/efficientnet_lite.h"

namespace pixnerd::eval {
namespace {

// What was computed in bfloat16 is close to float32, and yet something else.
std::string ending(const ExtractorConfig& config) {
  return config.precision == models::Precision::bfloat16 ? ", bfloat16" : "";
}

// What a network saw, where metrics are computed.
Features on_cpu(const Features& seen) {
  const auto moved = [](const at::Tensor& features) { return features.defined() ? features.cpu() : features; };
  return {moved(seen.pooled), moved(seen.spatial), moved(seen.logits)};
}

Extractor inception(const ExtractorConfig& config, const at::Device& device) {
  const bool is_published = is_published_inception(config.weights);
  const auto network = std::make_shared<const models::Inception>(
      models::Inception::load(config.weights, models::weight_type(config.precision), device));
  const auto resize = config.resize;
  const auto extract = [network, resize, device](const at::Tensor& pictures) {
    const models::InceptionFeatures seen = (*network)(models::inception_input(pictures.to(device), resize));
    return on_cpu({seen.pooled, seen.spatial, seen.logits});
  };
  return {extract, concat("inception-", network->fingerprint(), ", ", config::enum_name(resize), ending(config)),
          is_published};
}

Extractor dinov2(const ExtractorConfig& config, const at::Device& device) {
  models::DinoV2Options options;
  options.type = models::weight_type(config.precision);
  options.device = device;
  const auto network = std::make_shared<const models::DinoV2>(models::DinoV2::load(config.weights, options));
  const auto extract = [network, device](const at::Tensor& pictures) {
    const at::Tensor input = models::dinov2_input(resize_to(pictures, models::kDinoV2Side).to(device));
    return on_cpu({(*network)(input).class_token, {}, {}});
  };
  return {extract,
          concat("dinov2-", network->depth(), "x", network->width(), "-", network->fingerprint(), ending(config))};
}

Extractor efficientnet_lite(const ExtractorConfig& config, const at::Device& device) {
  const auto network = std::make_shared<const models::EfficientNetLite>(
      models::EfficientNetLite::load(config.weights, models::weight_type(config.precision), device));
  const auto extract = [network, device](const at::Tensor& pictures) {
    const auto input = models::efficientnet_input(resize_to(pictures, models::kEfficientNetSide).to(device));
    const models::EfficientNetFeatures seen = (*network)(input);
    return on_cpu({seen.pooled, {}, seen.logits});
  };
  return {extract, concat("efficientnet-lite0-", network->fingerprint(), ending(config))};
}

}  // namespace

std::vector<Metric> metrics_of(FeatureNetwork network) {
  std::vector<Metric> metrics;
  for (const auto& [name, metric] : enum_names(Metric{})) {
    if (metric == Metric::sfid && network != FeatureNetwork::inception) continue;
    if (metric == Metric::is && network == FeatureNetwork::dinov2) continue;
    metrics.push_back(metric);
  }
  return metrics;
}

Extractor load_extractor(const ExtractorConfig& config, const at::Device& device) {
  if (config.weights.empty()) {
    throw ConfigError(concat("no file of weights is named for the network ", config::enum_name(config.network)));
  }
  if (config.precision == models::Precision::int8) {
    throw ConfigError("the network that looks at pictures computes in float32 or bfloat16, not in int8");
  }
  switch (config.network) {
    case FeatureNetwork::inception:
      return inception(config, device);
    case FeatureNetwork::dinov2:
      return dinov2(config, device);
    case FeatureNetwork::efficientnet_lite:
      return efficientnet_lite(config, device);
  }
  throw ConfigError("there is no such network");
}

}  // namespace pixnerd::eval
