#include "doctor/finding.h"

namespace pixnerd::doctor {

const char* key_of(Fault fault) {
  switch (fault) {
    case Fault::grey_pictures:
      return "grey-pictures";
    case Fault::patch_grid:
      return "patch-grid";
    case Fault::dead_layer:
      return "dead-layer";
    case Fault::exploding_layer:
      return "exploding-layer";
    case Fault::long_average:
      return "long-average";
    case Fault::data_ends_early:
      return "data-ends-early";
    case Fault::learning_rate:
      return "learning-rate";
    case Fault::ignored_condition:
      return "ignored-condition";
  }
  return "";
}

}  // namespace pixnerd::doctor
