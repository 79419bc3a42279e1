// Whether a picture that is there is the one that is asked for, so that it need not be drawn again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sample/record.h"

namespace pixnerd::sample {

// How a picture that was made as the one record says differs from what the other wants: "guidance is 3.0, not 4.0"; ""
// if it does not. Files of weights are the same if they hold the same, whatever they are called; threads, batch and
// device do not count.
std::string difference(PictureRecord is, const PictureRecord& wanted);

// Why the PNG is not whole, or was made otherwise than its pictures' records should say; "" if it is what is wanted.
std::string mismatch(const std::filesystem::path& picture, const std::vector<PictureRecord>& wanted);

}  // namespace pixnerd::sample
