// Everything that makes a picture again: a line of a folder's manifest.jsonl, and the text in a PNG.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "models/precision.h"
#include "sample/picture.h"
#include "sample/seed.h"

namespace pixnerd::sample {

// The keyword of the text in a PNG: one record a line, of each picture in the file.
inline constexpr const char* kRecordKeyword = "pixnerd";

struct PictureRecord {
  std::string file;             // in a manifest; "" in a picture's own text
  std::string checkpoint;       // the file's own name (recorded_name()); in records of earlier versions with folders
  std::string checkpoint_hash;  // of the file (checkpoint/content_hash.h); "" in records of earlier versions
  std::optional<int64_t> step;  // of training, where that is stated; 0 in records of earlier versions
  std::string weights;          // "ema_denoiser", "denoiser" or ""
  std::string decoder;          // "plain" or "heavy" if it was not the checkpoint's own
  std::optional<int64_t> label, style;
  std::string class_name, style_name;  // theirs, where they have some; for readers, not for --again
  std::string text_encoder;            // the folder's own name, as checkpoint
  std::string text_encoder_hash;       // as checkpoint_hash
  std::optional<std::string> prompt, negative_prompt;
  uint64_t seed = 0;
  SampleConfig sample;
  std::optional<Variation> variation;
  std::optional<Mixture> mixture;
  std::optional<EditRecord> edit;
  models::Precision dtype = models::Precision::float32;
  std::string device = "cpu";
  // Of records of earlier versions, whose pictures depended on them by single grey levels.
  std::optional<int64_t> threads, batch, place;
  int64_t columns = 0;             // of the grid that the picture is in; 0 for a picture of its own
  std::optional<int64_t> padding;  // of that grid, in pixels; none: as pixnerd usually makes them
  bool labels = false;             // whether that grid has what it shows written under each picture

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    const auto count = config::at_least(0);
    visit("file", self.file, "name of the picture in its folder");
    visit("checkpoint", self.checkpoint, "the network's file");
    visit("checkpoint_hash", self.checkpoint_hash, "what is in that file, as a number");
    visit("step", self.step, "training step of the weights", count);
    visit("weights", self.weights, "which of the file's weights");
    visit("decoder", self.decoder, "plain or heavy, in place of the checkpoint's own");
    visit("label", self.label, "class", count);
    visit("style", self.style, "second label", count);
    visit("class_name", self.class_name, "name of the class");
    visit("style_name", self.style_name, "name of the second label");
    visit("text_encoder", self.text_encoder, "the text encoder's folder");
    visit("text_encoder_hash", self.text_encoder_hash, "what is in that folder, as a number");
    visit("prompt", self.prompt, "what the picture shows");
    visit("negative_prompt", self.negative_prompt, "what guidance leads away from");
    visit_seed(visit, self.seed, "seed of the picture's noise");
    visit("sample", self.sample, "size and settings of the sampler");
    visit("variation", self.variation, "another seed that its noise is on the way to");
    visit("mixture", self.mixture, "what it shows besides");
    visit("edit", self.edit, "the picture that it was drawn from");
    visit("dtype", self.dtype, "arithmetic");
    visit("device", self.device, "what it was computed on");
    visit("threads", self.threads, "threads of an operation, in earlier versions",
          config::between(1, diffusion::kMostThreads));
    visit("batch", self.batch, "pictures computed together, in earlier versions",
          config::between(1, diffusion::kLargestBatch));
    visit("place", self.place, "this one's place among them", config::between(0, diffusion::kLargestBatch - 1));
    visit("columns", self.columns, "columns of the grid it is in", config::between(0, diffusion::kMostColumns));
    visit("padding", self.padding, "pixels between the pictures of that grid",
          config::between(0, diffusion::kWidestPadding));
    visit("labels", self.labels, "whether what they show is written under the pictures of that grid");
  }

  // ConfigError: a picture of nothing or of both a class and a prompt.
  void validate() const;
};

// The file's or folder's name without the folders above it, which are nobody else's business; "." is the current
// folder's name.
std::string recorded_name(const std::filesystem::path& path);

// One line of JSON, without a line's end. What does not apply is left out: a step or names that are not stated.
std::string to_json(const PictureRecord& record);

// The records of a PNG that pixnerd wrote, or of a manifest.jsonl. DataError: the file cannot be read or has none, or
// one that is not as to_json() makes it; the message names the line. More than kMostRecords are refused.
std::vector<PictureRecord> read_records(const std::filesystem::path& path);

}  // namespace pixnerd::sample
