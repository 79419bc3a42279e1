// A reference from whatever a path names.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "eval/evaluate.h"
#include "eval/features.h"
#include "eval/pictures.h"
#include "eval/reference.h"

namespace pixnerd::eval {

struct ReferenceRequest {
  std::filesystem::path path;
  PictureSelection pictures;    // where it is a folder or shards
  std::string network;          // that looks at pictures
  std::vector<Metric> metrics;  // the reference is to serve these
};

// The path is saved statistics (.safetensors) of the network, an .npz with mu and sigma, or pictures, which
// `features_of` is asked to look at only where the metrics need more than the file states. Of pictures the reference
// has what the metrics need and no more. Errors as load_reference(), read_statistics() and pictures_at();
// ConfigError for patterns where the path is of statistics.
Reference open_reference(const ReferenceRequest& request,
                         const std::function<Features(Pictures& pictures, const Needs& needs)>& features_of);

}  // namespace pixnerd::eval
