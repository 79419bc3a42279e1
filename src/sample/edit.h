// A picture that is drawn from another one: which of its pixels stay, and what is added around it.
//
// From the file to what is drawn, in this order:
//   upright    turned as EXIF says, 8-bit RGB (image/upright.h)
//   fitted     to `size`, if one is asked for: enlarged or reduced (bicubic) until it covers it, then the middle
//   extended   by whole pixels on each side, which repeat the edge where nothing is drawn yet
//   rounded up to whole patches of the network, to the right and below; cut off again in the end
// The mask goes the same way (bilinear where it is fitted); what is added around the picture is drawn anew.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/schema.h"
#include "engine/config.h"
#include "engine/edit.h"
#include "image/image.h"
#include "models/config.h"

namespace pixnerd::sample {

// What a user says of it, and what its record does.
struct EditRecord {
  std::string input, input_hash;  // the file's own name, and its content's hash; filled in by read_edit()
  std::string mask, mask_hash;    // likewise; "" where there is no such file
  bool invert_mask = false;
  std::optional<double> strength;           // none: kMaskedStrength or kFreeStrength
  std::optional<engine::PictureSize> size;  // fitted to; none: as it is
  std::array<int64_t, 4> extend{};          // pixels on the left, above, on the right, below
  int64_t resample = kUsualResampling;      // engine/edit.h

  static constexpr double kMaskedStrength = 1.0, kFreeStrength = 0.6;
  static constexpr int64_t kUsualResampling = 4;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("input", self.input, "the picture that was edited");
    visit("input_hash", self.input_hash, "what is in that file, as a number");
    visit("mask", self.mask, "the mask's file");
    visit("mask_hash", self.mask_hash, "what is in that file, as a number");
    visit("invert_mask", self.invert_mask, "whether black is drawn anew");
    visit("strength", self.strength, "share of the flow that is drawn", config::between(0.0, 1.0));
    visit("size", self.size, "width and height that the picture was fitted to",
          config::between(1, diffusion::kLongestSide));
    visit("extend", self.extend, "pixels added on the left, above, on the right, below",
          config::between(0, diffusion::kLongestSide));
    visit("resample", self.resample, "how often a step is made", config::between(1, engine::kMostResampling));
  }

  // ConfigError for names with folders: a record has none, and one from a stranger leads nowhere else.
  void validate() const;

  bool operator==(const EditRecord&) const = default;
};

// Ready to be drawn. Pictures may share one.
struct PictureEdit {
  image::Image canvas;        // of a size that the network takes
  std::vector<uint8_t> mask;  // one byte a pixel of it: 255 is drawn anew, 0 stays; empty: all is drawn anew
  image::Rectangle result;    // the part of the canvas that becomes the picture
  EditRecord record;

  engine::PictureSize size() const { return {result.width, result.height}; }
  engine::PictureSize canvas_size() const { return {canvas.width, canvas.height}; }
};

// A picture's file that was read or sent.
struct PictureFile {
  std::string name;     // as records have it
  std::string content;  // all of it
};

// The mask is its file's luma, white (255) is drawn anew; without a file it is the picture's alpha, 0 is drawn anew;
// where neither is, all is. DataError for what is no picture; RequestError for a mask of another size than the picture
// before or after fitting, for one that leaves nothing to draw, a strength that is not above 0 and at most 1, and sizes
// that cannot be drawn.
PictureEdit edit_of(const PictureFile& input, const std::optional<PictureFile>& mask, EditRecord how,
                    const models::ModelConfig& network);

// The same with the files read; no mask where its path is "".
PictureEdit read_edit(const std::filesystem::path& input, const std::filesystem::path& mask, EditRecord how,
                      const models::ModelConfig& network);

// As the engine takes it.
engine::Edit engine_edit(const PictureEdit& edit);

// The picture out of a drawn canvas, m of it on 1 - m of what went in: where the mask is 0, the bytes that went in.
image::Image finished(const PictureEdit& edit, image::Image drawn);

// 16 hexadecimal digits of all that is in a file; "" if it cannot be read.
std::string picture_hash(const std::filesystem::path& path);

}  // namespace pixnerd::sample
