// What pictures are compared with: statistics of a reference set, and its features where a metric needs them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "eval/features.h"
#include "eval/gaussian.h"

namespace pixnerd::eval {

struct Reference {
  std::string source;
  std::optional<Gaussian> pooled, spatial;  // for FID, sFID
  at::Tensor features;                      // [N, D], for precision, recall and KID; may be undefined
  int64_t pictures = 0;                     // how many it is of; 0: not known
  int64_t height = 0, width = 0;            // theirs; 0: not known
};

// Of a set's features: both Gaussians (spatial where there are spatial features), and the pooled features.
Reference reference_of(const Features& features, const Pictures& pictures);

// Whether a file of ADM's or pytorch-fid's holds statistics: an .npz with mu and sigma. DataError if it cannot be read.
bool has_statistics(const std::filesystem::path& npz);

// Whether it holds pictures: arr_0. DataError if it cannot be read.
bool has_pictures(const std::filesystem::path& npz);

// mu [D], sigma [D, D], and mu_s, sigma_s where they are. DataError for arrays of other types or shapes, for numbers
// that are not finite, and for a sigma that is no covariance.
Reference read_statistics(const std::filesystem::path& npz);

// The same and the features as safetensors. `network` names what made them: statistics of different networks, or of
// pictures resized in different ways, do not compare.
void save_reference(const std::filesystem::path& path, const Reference& reference, const std::string& network);

// CheckpointError: malformed, no statistics, or of another network; DataError as above.
Reference load_reference(const std::filesystem::path& path, const std::string& network);

}  // namespace pixnerd::eval
