// The figures, and the networks through which they are computed.
#pragma once

#include <span>
#include <utility>

namespace pixnerd::eval {

enum class Metric { fid, sfid, is, precision, recall, kid };
std::span<const std::pair<const char*, Metric>> enum_names(Metric);

enum class FeatureNetwork {
  inception,         // of pt_inception-2015-12-05: FID, sFID and IS as published
  dinov2,            // FD-DINOv2
  efficientnet_lite  // Lite0, whose weights are freely at hand
};
std::span<const std::pair<const char*, FeatureNetwork>> enum_names(FeatureNetwork);

// As figures are called in results. The I of FID and KID is Inception's: through another network they are "fd" and
// "kd".
const char* name_of(Metric metric, FeatureNetwork network = FeatureNetwork::inception);

}  // namespace pixnerd::eval
