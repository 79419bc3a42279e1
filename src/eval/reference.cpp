#include "eval/reference.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <charconv>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/text.h"
#include "data/npz.h"

namespace pixnerd::eval {
namespace {

constexpr int64_t kMostDimensions = 16384;  // 2 GB of covariance
constexpr const char *kNetworkKey = "pixnerd.statistics.network", *kPicturesKey = "pixnerd.statistics.pictures",
                     *kHeightKey = "pixnerd.statistics.height", *kWidthKey = "pixnerd.statistics.width";

Gaussian checked(const at::Tensor& mean, const at::Tensor& covariance, const std::string& what) {
  const auto refuse = [&](const char* reason) { throw DataError(concat("the statistics ", what, " ", reason)); };
  if (mean.dim() != 1 || covariance.dim() != 2 || mean.size(0) < 1 || covariance.size(0) != mean.size(0) ||
      covariance.size(1) != mean.size(0)) {
    refuse("do not fit each other: a mean [D] and a covariance [D, D] are needed");
  }
  if (!mean.isfinite().all().item<bool>() || !covariance.isfinite().all().item<bool>()) refuse("are not all finite");
  if (!is_covariance(covariance)) refuse("hold no covariance: it is not symmetric, or has eigenvalues below 0");
  return {mean.to(at::kDouble), covariance.to(at::kDouble)};
}

at::Tensor read_array(const std::filesystem::path& path, const std::string& name) {
  data::NpzArray array(path, name);
  const bool is_float = array.type() == "f4" || array.type() == "f8";
  const bool is_small = std::all_of(array.shape().begin(), array.shape().end(),
                                    [](int64_t side) { return side >= 1 && side <= kMostDimensions; });
  if (!is_float || array.shape().empty() || array.shape().size() > 2 || !is_small) {
    throw DataError(concat("array ", quoted(name), " of ", quoted(path), " has the type ", array.type(),
                           " and the shape ", array.shape(), "; statistics are f4 or f8, [D] and [D, D]"));
  }
  at::Tensor values = at::empty(array.shape(), array.type() == "f4" ? at::kFloat : at::kDouble);
  array.read({static_cast<std::byte*>(values.mutable_data_ptr()), values.nbytes()});
  return values.to(at::kDouble);
}

bool holds(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

int64_t count_of(const checkpoint::Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  int64_t count = 0;
  if (found == metadata.end()) return 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() && count > 0 ? count : 0;
}

}  // namespace

Reference reference_of(const Features& features, const Pictures& pictures, bool keeps_features) {
  if (pictures.size() < 2) {
    throw DataError(
        concat("the reference ", quoted(pictures.source()), " is of one picture; statistics need at least two"));
  }
  Reference reference{pictures.source(),  {}, {}, {}, pictures.size(), pictures.height(), pictures.width(),
                      pictures.warnings()};
  if (features.pooled.defined()) reference.pooled = gaussian_of(features.pooled);
  if (features.spatial.defined()) reference.spatial = gaussian_of(features.spatial);
  if (keeps_features) reference.features = features.pooled;
  return reference;
}

bool has_statistics(const std::filesystem::path& npz) {
  const auto names = data::npz_names(npz);
  return holds(names, "mu") && holds(names, "sigma");
}

bool has_pictures(const std::filesystem::path& npz) {
  return holds(data::npz_names(npz), "arr_0");
}

Reference read_statistics(const std::filesystem::path& npz) {
  const std::string what = concat("in ", quoted(npz));
  const auto names = data::npz_names(npz);
  Reference reference;
  reference.source = npz.string();
  reference.pooled = checked(read_array(npz, "mu"), read_array(npz, "sigma"), concat("mu, sigma ", what));
  if (holds(names, "mu_s") && holds(names, "sigma_s")) {
    reference.spatial = checked(read_array(npz, "mu_s"), read_array(npz, "sigma_s"), concat("mu_s, sigma_s ", what));
  }
  return reference;
}

void save_reference(const std::filesystem::path& path, const Reference& reference, const std::string& network) {
  checkpoint::NamedTensors tensors;
  if (reference.pooled) {
    tensors.emplace_back("mu", reference.pooled->mean);
    tensors.emplace_back("sigma", reference.pooled->covariance);
  }
  if (reference.spatial) {
    tensors.emplace_back("mu_s", reference.spatial->mean);
    tensors.emplace_back("sigma_s", reference.spatial->covariance);
  }
  if (reference.features.defined()) tensors.emplace_back("features", reference.features);
  checkpoint::save_safetensors(path, tensors,
                               {{kNetworkKey, network},
                                {kPicturesKey, concat(reference.pictures)},
                                {kHeightKey, concat(reference.height)},
                                {kWidthKey, concat(reference.width)}});
}

Reference load_reference(const std::filesystem::path& path, const std::string& network) {
  checkpoint::Loaded loaded = checkpoint::load_safetensors(path);
  const std::string name = path.string();
  const auto made_by = loaded.metadata.find(kNetworkKey);
  const auto has_both = [&](const char* mean, const char* covariance) {
    return loaded.tensors.contains(mean) && loaded.tensors.contains(covariance);
  };
  if (made_by == loaded.metadata.end() || !(has_both("mu", "sigma") || has_both("mu_s", "sigma_s"))) {
    throw CheckpointError(concat(quoted(name), " holds no statistics; --save-statistics writes them"));
  }
  if (made_by->second != network) {
    throw CheckpointError(concat("the statistics in ", quoted(name), " were made with another network or resize (",
                                 printable(made_by->second), ", not ", network, "); make them anew"));
  }
  const MappedSources sources = checkpoint::sources_of(loaded.tensors);
  for (auto& [key, tensor] : loaded.tensors) tensor = tensor.clone();
  checkpoint::require_unchanged(sources);
  const auto gaussian = [&](const char* mean, const char* covariance) -> std::optional<Gaussian> {
    if (!has_both(mean, covariance)) return std::nullopt;
    return checked(loaded.tensors.at(mean), loaded.tensors.at(covariance), concat("in ", quoted(name)));
  };
  Reference reference{path.string(),
                      gaussian("mu", "sigma"),
                      gaussian("mu_s", "sigma_s"),
                      {},
                      count_of(loaded.metadata, kPicturesKey),
                      count_of(loaded.metadata, kHeightKey),
                      count_of(loaded.metadata, kWidthKey),
                      {}};
  const auto features = loaded.tensors.find("features");
  if (features == loaded.tensors.end()) return reference;
  reference.features = features->second;
  const bool fits = reference.features.dim() == 2 && reference.pooled &&
                    reference.features.size(1) == reference.pooled->mean.size(0) &&
                    reference.features.scalar_type() == at::kFloat;
  if (!fits || !reference.features.isfinite().all().item<bool>()) {
    throw DataError(concat("the features in ", quoted(name), " do not fit its statistics or are not finite"));
  }
  return reference;
}

}  // namespace pixnerd::eval
