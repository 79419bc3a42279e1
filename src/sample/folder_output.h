// Pictures as numbered files in a folder, with a manifest.jsonl of how they were made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "sample/picture_output.h"

namespace pixnerd::sample {

// With plan.resume pictures stay that are whole and were made as the plan says; the first other one is refused.
// RequestError: the folder is not empty (unless plan.overwrite, or there are such pictures) or a file, another process
// writes into it, a picture would replace what is read, names that files in one folder cannot have. DataError: no
// permission, a manifest.jsonl that is none, or what else the system says.
std::unique_ptr<PictureOutput> open_folder(const std::filesystem::path& folder, const OutputPlan& plan);

// "00007.png"; more digits where `pictures` needs them.
std::string picture_name(int64_t index, int64_t pictures);

}  // namespace pixnerd::sample
