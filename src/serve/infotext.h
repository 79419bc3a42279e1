// The text "parameters" that many programs look for in a PNG: what it shows, and a line of settings.
#pragma once

#include <string>

#include "sample/record.h"

namespace pixnerd::serve {

inline constexpr const char* kParametersKeyword = "parameters";

// "a prompt or class\nNegative prompt: ...\nSteps: 25, Sampler: adams, CFG scale: 2, Seed: 7, Size: 64x64, Model: ...".
std::string infotext(const sample::PictureRecord& record);

}  // namespace pixnerd::serve
