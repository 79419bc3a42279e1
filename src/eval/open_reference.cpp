#include "eval/open_reference.h"

#include <optional>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::eval {

Reference open_reference(const ReferenceRequest& request,
                         const std::function<Features(Pictures& pictures, const Needs& needs)>& features_of) {
  const std::filesystem::path& path = request.path;
  if (!request.pictures.include.empty() && !takes_patterns(path)) {
    throw ConfigError(concat("include: patterns choose among class folders or shards; ", quoted(path),
                             " is a file of something else"));
  }
  if (path.extension() == ".safetensors") return load_reference(path, request.network);
  const bool keeps_features = needs_reference_features(request.metrics);
  std::optional<Reference> given;
  if (path.extension() == ".npz" && has_statistics(path)) given = read_statistics(path);
  if (given && (!keeps_features || !has_pictures(path))) return *given;
  const auto pictures = pictures_at(path, request.pictures);
  Reference reference =
      reference_of(features_of(*pictures, reference_needs_of(request.metrics)), *pictures, keeps_features);
  // What a reference file states counts: its pictures may be a part of those that its statistics are of.
  if (given) {
    reference.pooled = given->pooled;
    if (given->spatial) reference.spatial = given->spatial;
  }
  return reference;
}

}  // namespace pixnerd::eval
