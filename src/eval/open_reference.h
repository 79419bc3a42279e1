// A reference from whatever a path names.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "eval/evaluate.h"
#include "eval/features.h"
#include "eval/reference.h"

namespace pixnerd::eval {

// `path` is saved statistics (.safetensors) of the network `network`, an .npz with mu and sigma, or pictures, which
// `features_of` is asked to look at only where the metrics need more than the file states. Errors as
// load_reference(), read_statistics() and open_pictures().
Reference open_reference(const std::filesystem::path& path, const std::string& network,
                         const std::vector<Metric>& metrics,
                         const std::function<Features(Pictures& pictures)>& features_of);

}  // namespace pixnerd::eval
