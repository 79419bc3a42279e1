#include "train/preflight.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors_header.h"
#include "core/counted.h"
#include "core/destination.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "engine/memory.h"
#include "image/grid.h"
#include "models/cost.h"
#include "models/token_grid.h"
#include "train/perceptual.h"
#include "train/preview.h"
#include "train/run_state.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kColours = 3;
constexpr int64_t kRepaPatch = 16;  // of pixels of the picture, for each of DINOv2's tokens

// A RequestError of the sizes as one of the configuration's key.
template <class Action>
void in_terms_of(const char* key, Action action) {
  try {
    action();
  } catch (const RequestError& error) {
    throw ConfigError(concat(key, ": ", error.what()));
  }
}

void check_sizes(const RunConfig& config) {
  if (config.model.in_channels != kColours) {
    throw ConfigError(
        concat("model.in_channels is ", config.model.in_channels, ", but pictures have 3 channels; set it to 3"));
  }
  for (const int64_t side : config.data.sizes()) {
    const char* const key = side == config.data.image_size ? "data.image_size" : "data.more_sizes";
    in_terms_of(key, [&] { models::token_grid(config.model, side, side); });
  }
  if (config.train.sample_every == 0 && config.eval.every == 0) return;
  in_terms_of("sample.size", [&] { engine::require_sizes(config.model, config.sample); });
}

void check_grid(const RunConfig& config) {
  if (config.train.sample_every == 0) return;
  const auto [width, height] = config.sample.picture_size();
  const int64_t pictures = config.train.sample_pictures;
  const image::GridSize grid =
      image::grid_size(pictures, width, height, {}, preview_columns(pictures), kPreviewPadding);
  if (grid.width * grid.height <= image::kMaxPixels) return;
  throw ConfigError(concat("train.sample_pictures ", pictures, " of ", width, "x", height, " make a grid of ",
                           grid.width, "x", grid.height, " pixels, more than the ", image::kMaxPixels,
                           " of any picture; lower it or sample.size"));
}

void check_name(const std::string& name, const char* what) {
  try {
    config::to_text(config::text_value(name));
  } catch (const ConfigError&) {
    throw DataError(concat(what, " ", quoted(name), " is not UTF-8, and no checkpoint could hold it; rename it"));
  }
}

// What checkpoints will say of the run, read back as `pixnerd sample` will.
void check_description(const RunConfig& config, const sample::ModelDescription& description) {
  for (const std::string& name : description.classes) check_name(name, "the class");
  for (const std::string& name : description.styles) check_name(name, "the style");
  const checkpoint::Metadata metadata = metadata_of(description, RunState{config, 0, {}}, config.train.steps);
  try {
    const auto read = sample::read_description(metadata, "the checkpoint");
    if (!read || read->classes != description.classes || read->styles != description.styles) {
      throw ConfigError("names of classes change");
    }
    read_state(metadata, "the checkpoint");
  } catch (const Error& error) {
    throw DataError(concat("checkpoints of ", counted(std::ssize(description.classes), "class", "classes"), " and ",
                           counted(std::ssize(description.styles), "style", "styles"), " could not be read back (",
                           error.what(), "); use fewer or shorter names, or data.include"));
  }
}

void tell_what_is_odd(const RunConfig& config) {
  if (config.train.validate_every > 0 && config.data.held_out == 0) {
    log_warning(concat("train.validate_every is ", config.train.validate_every,
                       ", but data.held_out is 0: there is nothing to validate on"));
  }
  if (config.repa.weight > 0 && config.model.patch_size != kRepaPatch) {
    log_warning(concat("repa: the network's patches are ", config.model.patch_size, " pixels wide, DINOv2's tokens ",
                       kRepaPatch, ": tokens are compared by their numbers, not their places"));
  }
  const sample::PictureSize trained{config.data.image_size, config.data.image_size};
  if (config.sample.size != trained && config.train.sample_every > 0) {
    log_info(concat("sample.size is ", config.sample.size[0], "x", config.sample.size[1],
                    ": pictures are drawn at another size than the ", trained[0], "x", trained[1],
                    " of data.image_size"));
  }
}

void check_block(const RunConfig& config, const char* key, int64_t block) {
  if (block <= config.model.transformer_blocks()) return;
  throw ConfigError(concat(key, " is ", block, ", but the network has ",
                           counted(config.model.transformer_blocks(), "transformer block", "transformer blocks")));
}

void check_writable(const fs::path& folder) {
  const AtomicFile probe(folder / "probe");  // never committed
}

}  // namespace

void check_settings(const RunConfig& config, const sample::ModelDescription& description) {
  check_sizes(config);
  check_grid(config);
  check_description(config, description);
  tell_what_is_odd(config);
}

void check_shares(const RunConfig& config, int64_t ranks) {
  if (config.train.batch_size % ranks != 0) {
    throw ConfigError(concat("train.batch_size ", config.train.batch_size, " cannot be shared out among ", ranks,
                             " processes; it must be a multiple of their number"));
  }
  if (config.repa.weight > 0) check_block(config, "repa.block", config.repa.block);
  if (config.dispersive.weight > 0) check_block(config, "dispersive.block", config.dispersive.block);
  for (const int64_t side : config.data.sizes()) {
    if (config.perceptual.weight == 0 || side >= kLeastPerceptualSide) continue;
    throw ConfigError(concat("perceptual: pictures of ", side, " pixels a side are below the ", kLeastPerceptualSide,
                             " that EfficientNet-Lite0 needs; set perceptual.weight to 0"));
  }
  for (const int64_t side : config.data.sizes()) {
    if (config.repa.weight == 0 || side % kRepaPatch == 0) continue;
    throw ConfigError(concat("repa: pictures of ", side, " pixels a side are no multiple of ", kRepaPatch,
                             ", which DINOv2's patches need; set repa.weight to 0 or choose another size"));
  }
}

void check_outside(const RunConfig& config, const std::filesystem::path& out) {
  if (!lies_in(out, config.data.path)) return;
  throw DataError(concat("the run's folder ", quoted(out), " lies in the data set ", quoted(config.data.path),
                         ", of which its pictures would become a part; give another --out"));
}

void check_folder(const RunConfig& config, const RunFolder& folder) {
  check_writable(folder.path());
  check_writable(folder.checkpoints_path());
  if (config.train.sample_every > 0) check_writable(folder.sample_path(0).parent_path());
  constexpr double kBytesOfParameter = 16;  // value, average, two moments
  const double needed = 2 * kBytesOfParameter * models::parameters_of(config.model);
  const std::optional<uint64_t> free = free_disk_bytes(folder.path());
  if (!free || needed <= static_cast<double>(*free)) return;
  throw DataError(concat("two checkpoints need ", human_bytes(static_cast<uint64_t>(needed)), ", but the disk of ",
                         quoted(folder.path()), " has ", human_bytes(*free), " left; make room or use another --out"));
}

}  // namespace pixnerd::train
