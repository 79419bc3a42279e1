#include "eval/open_reference.h"

#include <optional>

namespace pixnerd::eval {

Reference open_reference(const std::filesystem::path& path, const std::string& network,
                         const std::vector<Metric>& metrics,
                         const std::function<Features(Pictures& pictures)>& features_of) {
  if (path.extension() == ".safetensors") return load_reference(path, network);
  std::optional<Reference> given;
  if (path.extension() == ".npz" && has_statistics(path)) given = read_statistics(path);
  if (given && (!needs_reference_features(metrics) || !has_pictures(path))) return *given;
  const auto pictures = open_pictures(path);
  Reference reference = reference_of(features_of(*pictures), *pictures);
  // What a reference file states counts: its pictures may be a part of those that its statistics are of.
  if (given) {
    reference.pooled = given->pooled;
    if (given->spatial) reference.spatial = given->spatial;
  }
  return reference;
}

}  // namespace pixnerd::eval
