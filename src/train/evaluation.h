// Figures of the pictures that a network draws, on the way of its training.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <string>

#include "core/stop.h"
#include "data/picture_set.h"
#include "eval/evaluate.h"
#include "eval/extractor.h"
#include "eval/reference.h"
#include "models/network.h"
#include "sample/drawing.h"
#include "sample/model_file.h"
#include "train/conditions.h"
#include "train/config.h"

namespace pixnerd::train {

using LoadExtractor = std::function<eval::Extractor(const eval::ExtractorConfig& config, const at::Device& device)>;

class Evaluation {
 public:
  // Loads the network that looks at the pictures, on `device`. Those to draw show what pictures of `pictures` do,
  // by the conditions, which must outlive this. ConfigError, DataError, CheckpointError: the network's weights, or that
  // there is no reference.
  Evaluation(const RunConfig& config, const data::PictureSet& pictures, Conditions& conditions,
             const LoadExtractor& load_extractor, const at::Device& device = at::kCPU);

  // Before the first run(). The reference's pictures, if it is pictures, are looked at once: what was seen is kept in
  // the file `cache`, which is used again where it is of the same reference and network. Throws what later evaluations
  // would fail with: DataError, CheckpointError. Stopped if `stop`, which is asked after every batch, says so.
  void read_reference(const std::filesystem::path& cache, const StopRequested& stop);

  // The figures of the network's pictures, the same ones each time: nothing random has a state. Stopped if `stop`,
  // which is asked after every step of a batch of pictures, says so.
  eval::Report run(models::Network& network, const StopRequested& stop) const;

  eval::FeatureNetwork network() const { return config_.extractor.network; }
  int64_t pictures() const { return std::ssize(requests_); }

 private:
  eval::Reference look_at_reference(const std::filesystem::path& cache, const StopRequested& stop) const;
  void require_comparable() const;

  EvalConfig config_;
  Conditions& conditions_;
  eval::Extractor extractor_;
  eval::Settings settings_;
  std::vector<sample::PictureRequest> requests_;
  sample::DrawSettings drawing_;
  std::optional<eval::Reference> reference_;
};

// "fid 12.3, kid 0.004"; figures through another network than Inception are named fd and kd.
std::string text_of(const eval::Report& report, eval::FeatureNetwork network);

}  // namespace pixnerd::train
