#include "models/network.h"

#include "core/errors.h"
#include "core/text.h"
#include "models/pixnerd_c2i.h"

namespace pixnerd::models {

void Network::check_size(int64_t height, int64_t width) const {
  const int64_t patch = config().patch_size;
  if (height > 0 && width > 0 && height % patch == 0 && width % patch == 0) return;
  throw RequestError(concat("an image of ", width, "x", height,
                            " pixels (width x height) does not divide into patches of ", patch, "x", patch,
                            "; both sides must be multiples of ", patch));
}

std::shared_ptr<Network> make_network(const C2IConfig& config) {
  if (config.num_classes < 1) throw ConfigError("model.num_classes is 0; a network needs at least 1 class");
  const auto network = std::make_shared<PixNerdC2IImpl>(config);
  network->set_requires_grad(false);
  return network;
}

}  // namespace pixnerd::models
