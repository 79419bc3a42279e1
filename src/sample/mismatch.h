// Whether a picture that is there is the one that is asked for, so that it need not be drawn again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sample/record.h"

namespace pixnerd::sample {

// Why the PNG is not whole, or was made otherwise than its pictures' records should say: "guidance is 3.0, not 4.0"; ""
// if it is what is wanted. Files of weights are the same if they hold the same, whatever they are called; threads,
// batch and device do not count.
std::string mismatch(const std::filesystem::path& picture, const std::vector<PictureRecord>& wanted);

}  // namespace pixnerd::sample
