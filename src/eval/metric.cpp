#include "eval/metric.h"

#include <array>

namespace pixnerd::eval {

std::span<const std::pair<const char*, Metric>> enum_names(Metric) {
  static constexpr std::array<std::pair<const char*, Metric>, 6> kNames{{{"fid", Metric::fid},
                                                                         {"sfid", Metric::sfid},
                                                                         {"is", Metric::is},
                                                                         {"precision", Metric::precision},
                                                                         {"recall", Metric::recall},
                                                                         {"kid", Metric::kid}}};
  return kNames;
}

std::span<const std::pair<const char*, FeatureNetwork>> enum_names(FeatureNetwork) {
  static constexpr std::array<std::pair<const char*, FeatureNetwork>, 3> kNames{
      {{"inception", FeatureNetwork::inception},
       {"dinov2", FeatureNetwork::dinov2},
       {"efficientnet-lite", FeatureNetwork::efficientnet_lite}}};
  return kNames;
}

const char* name_of(Metric metric, FeatureNetwork network) {
  if (network != FeatureNetwork::inception && metric == Metric::fid) return "fd";
  if (network != FeatureNetwork::inception && metric == Metric::kid) return "kd";
  return enum_names(metric)[static_cast<size_t>(metric)].first;
}

}  // namespace pixnerd::eval
