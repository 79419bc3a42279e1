#include "cli/extractor_flags.h"

#include <utility>

#include "cli/checks.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::cli {
namespace {

template <class E>
E value_of(const std::string& name) {
  if (const auto value = config::enum_value<E>(name)) return *value;
  throw RequestError(concat("there is no ", quoted(name)));
}

}  // namespace

eval::ExtractorConfig ExtractorFlags::config() const {
  using Network = eval::FeatureNetwork;
  const std::pair<Network, const std::string*> given[] = {
      {Network::inception, &inception}, {Network::dinov2, &dinov2}, {Network::efficientnet_lite, &efficientnet_lite}};
  eval::ExtractorConfig config;
  int named = 0;
  for (const auto& [network, weights] : given) {
    if (weights->empty()) continue;
    config.network = network;
    config.weights = *weights;
    ++named;
  }
  if (named != 1) {
    throw CLI::ValidationError(
        "one network is needed to look at the pictures: --inception, --dinov2 or --efficientnet-lite");
  }
  config.resize = value_of<models::InceptionResize>(resize);
  config.precision = value_of<models::Precision>(dtype);
  return config;
}

void add_extractor_flags(CLI::App& command, ExtractorFlags& flags) {
  command
      .add_option("--inception", flags.inception,
                  "weights of the network that FID is defined on: pt_inception-2015-12-05-*.pth, or safetensors")
      ->type_name("FILE");
  command.add_option("--dinov2", flags.dinov2, "weights of a DINOv2 to look through instead, for FD-DINOv2")
      ->type_name("FILE");
  command
      .add_option("--efficientnet-lite", flags.efficientnet_lite,
                  "weights of EfficientNet-Lite0 to look through instead (make features)")
      ->type_name("FILE");
  command
      .add_option("--resize", flags.resize,
                  "how pictures come to Inception's 299x299: tensorflow as ADM's evaluator, pytorch as pytorch-fid; "
                  "figures of the two do not compare")
      ->check(one_of(config::names_of<models::InceptionResize>()))
      ->type_name("tensorflow|pytorch")
      ->capture_default_str();
  command.add_option("--dtype", flags.dtype, "arithmetic of the network; figures are published in float32")
      ->check(one_of(config::names_of<models::Precision>()))
      ->type_name("float32|bfloat16")
      ->capture_default_str();
}

}  // namespace pixnerd::cli
