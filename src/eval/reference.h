// What pictures are compared with: statistics of a reference set, and its features where a metric needs them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "eval/features.h"
#include "eval/gaussian.h"

namespace pixnerd::eval {

struct Reference {
  std::string source;
  std::optional<Gaussian> pooled, spatial;  // for FID, sFID
  at::Tensor features;                      // [N, D], for precision, recall and KID; may be undefined
  int64_t pictures = 0;                     // how many it is of; 0: not known
  int64_t height = 0, width = 0;            // theirs; 0: not known
  std::vector<std::string> warnings;        // Pictures::warnings()
};

// Of a set's features: the Gaussians of those that are there, and the pooled features themselves if they are to be
// kept, which are most of it. DataError, which names the set: it has one picture alone.
Reference reference_of(const Features& features, const Pictures& pictures, bool keeps_features = true);

// Whether a file of ADM's or pytorch-fid's holds statistics: an .npz with mu and sigma. DataError if it cannot be read.
bool has_statistics(const std::filesystem::path& npz);

// Whether it holds pictures: arr_0. DataError if it cannot be read.
bool has_pictures(const std::filesystem::path& npz);

// mu [D], sigma [D, D], and mu_s, sigma_s where they are. DataError for arrays of other types or shapes, for numbers
// that are not finite, and for a sigma that is no covariance.
Reference read_statistics(const std::filesystem::path& npz);

// All that is there of these and of the features, as safetensors. `network` names what made them: statistics of
// different networks, or of pictures resized in different ways, do not compare.
void save_reference(const std::filesystem::path& path, const Reference& reference, const std::string& network);

// CheckpointError: malformed, no statistics at all, or of another network; DataError as above.
Reference load_reference(const std::filesystem::path& path, const std::string& network);

}  // namespace pixnerd::eval
