// The wording of this room's errors.
#pragma once

#include <string_view>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::checkpoint {

// "checkpoint 'x.safetensors': <what>". Names that come from a file go through printable() of core/text.h.
inline CheckpointError error_in(std::string_view source, std::string_view what) {
  return CheckpointError(concat("checkpoint '", source, "': ", what));
}

}  // namespace pixnerd::checkpoint
