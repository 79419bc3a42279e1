// The wording of this room's errors.
#pragma once

#include <string_view>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::checkpoint {

// "checkpoint 'x.safetensors': <what>". Names that come from a file go through printable() of core/text.h.
inline CheckpointError error_in(std::string_view source, std::string_view what) {
  return CheckpointError(concat("checkpoint ", quoted(source), ": ", what));
}

// Of a file that is not any more what it was when it was opened.
inline CheckpointError changed_error(std::string_view source) {
  return error_in(source, "was overwritten or cut while it was read; replace files by renaming, and start again");
}

}  // namespace pixnerd::checkpoint
