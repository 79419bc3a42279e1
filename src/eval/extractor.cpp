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

Extractor inception(const ExtractorConfig& config) {
  const bool is_published = is_published_inception(config.weights);
  const auto network = std::make_shared<const models::Inception>(
      models::Inception::load(config.weights, models::weight_type(config.precision)));
  const auto resize = config.resize;
  const auto extract = [network, resize](const at::Tensor& pictures) {
    const models::InceptionFeatures seen = (*network)(models::inception_input(pictures, resize));
    return Features{seen.pooled, seen.spatial, seen.logits};
  };
  return {extract, concat("inception-", network->fingerprint(), ", ", config::enum_name(resize), ending(config)),
          is_published};
}

Extractor dinov2(const ExtractorConfig& config) {
  models::DinoV2Options options;
  options.type = models::weight_type(config.precision);
  const auto network = std::make_shared<const models::DinoV2>(models::DinoV2::load(config.weights, options));
  const auto extract = [network](const at::Tensor& pictures) {
    return Features{(*network)(models::dinov2_input(resize_to(pictures, models::kDinoV2Side))).class_token, {}, {}};
  };
  return {extract,
          concat("dinov2-", network->depth(), "x", network->width(), "-", network->fingerprint(), ending(config))};
}

Extractor efficientnet_lite(const ExtractorConfig& config) {
  const auto network = std::make_shared<const models::EfficientNetLite>(
      models::EfficientNetLite::load(config.weights, models::weight_type(config.precision)));
  const auto extract = [network](const at::Tensor& pictures) {
    const auto input = models::efficientnet_input(resize_to(pictures, models::kEfficientNetSide));
    const models::EfficientNetFeatures seen = (*network)(input);
    return Features{seen.pooled, {}, seen.logits};
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

Extractor load_extractor(const ExtractorConfig& config) {
  if (config.weights.empty()) {
    throw ConfigError(concat("no file of weights is named for the network ", config::enum_name(config.network)));
  }
  if (config.precision == models::Precision::int8) {
    throw ConfigError("the network that looks at pictures computes in float32 or bfloat16, not in int8");
  }
  switch (config.network) {
    case FeatureNetwork::inception:
      return inception(config);
    case FeatureNetwork::dinov2:
      return dinov2(config);
    case FeatureNetwork::efficientnet_lite:
      return efficientnet_lite(config);
  }
  throw ConfigError("there is no such network");
}

}  // namespace pixnerd::eval
