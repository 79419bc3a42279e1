#include "sample/edit.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"
#include "engine/memory.h"
#include "image/codec.h"
#include "image/crop.h"
#include "image/pixels.h"
#include "image/resize.h"
#include "image/upright.h"
#include "models/token_grid.h"
#include "sample/record.h"

namespace pixnerd::sample {
namespace {

using engine::PictureSize;
using image::Image;

struct File {
  std::string name, hash;
  image::UprightImage picture;
};

File decoded(const PictureFile& file) {
  return {file.name, hexadecimal(hash_of(file.content)), image::upright(file.content, file.name)};
}

std::string by(int64_t width, int64_t height) {
  return concat(width, "x", height);
}

PictureSize size_of(const Image& image) {
  return {image.width, image.height};
}

// Grey in three channels.
Image grey_image(const PictureSize& size, const std::vector<uint8_t>& grey) {
  Image image = image::blank(static_cast<int>(size[0]), static_cast<int>(size[1]));
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = grey[i / 3];
  return image;
}

// Scaled to cover the size, then the middle of it.
Image fitted(const Image& image, const PictureSize& size, image::Filter filter) {
  const auto width = static_cast<int>(size[0]), height = static_cast<int>(size[1]);
  if (image.width == width && image.height == height) return image;
  const double scale = std::max(static_cast<double>(width) / image.width, static_cast<double>(height) / image.height);
  const auto scaled = [&](int side, int least) { return std::max(least, static_cast<int>(std::lround(side * scale))); };
  const int wide = scaled(image.width, width), tall = scaled(image.height, height);
  return image::resize_part(image, wide, tall, filter, {(wide - width) / 2, (tall - height) / 2, width, height});
}

// With more around it, which repeats the edge.
Image extended(const Image& image, int left, int top, const PictureSize& size) {
  Image result = image::blank(static_cast<int>(size[0]), static_cast<int>(size[1]));
  for (int y = 0; y < result.height; ++y) {
    const uint8_t* const from = image.row(std::clamp(y - top, 0, image.height - 1));
    for (int x = 0; x < result.width; ++x) {
      std::copy_n(from + size_t{3} * static_cast<size_t>(std::clamp(x - left, 0, image.width - 1)), 3,
                  result.row(y) + size_t{3} * static_cast<size_t>(x));
    }
  }
  return result;
}

// The least sides that the network draws and the picture fits into.
PictureSize whole_patches(const models::ModelConfig& network, const PictureSize& size) {
  const auto [rows, columns] = models::size_steps(network);
  const auto rounded = [](int64_t side, int64_t step) { return (side + step - 1) / step * step; };
  return {rounded(size[0], columns), rounded(size[1], rows)};
}

// One byte a pixel of the fitted picture; empty: all is drawn.
std::vector<uint8_t> fitted_mask(const File& input, const std::optional<File>& file, const PictureSize& size,
                                 bool is_inverted) {
  const image::UprightImage& picture = input.picture;
  std::vector<uint8_t> mask;
  PictureSize mask_size = size_of(picture.colours);
  if (file) {
    mask = image::luma(file->picture);
    mask_size = size_of(file->picture.colours);
  } else if (!picture.alpha.empty()) {
    mask = picture.alpha;
    for (uint8_t& m : mask) m = static_cast<uint8_t>(255 - m);
  } else {
    return {};
  }
  if (mask_size != size_of(picture.colours) && mask_size != size) {
    throw RequestError(concat("the mask ", quoted(file->name), " has ", by(mask_size[0], mask_size[1]),
                              " pixels, but the picture ", quoted(input.name), " has ",
                              by(picture.colours.width, picture.colours.height), "; give one of the same size"));
  }
  if (mask_size != size) {
    const Image resized = fitted(grey_image(mask_size, mask), size, image::Filter::bilinear);
    mask.clear();
    for (size_t i = 0; i < resized.rgb.size(); i += 3) mask.push_back(resized.rgb[i]);
  }
  if (is_inverted) {
    for (uint8_t& m : mask) m = static_cast<uint8_t>(255 - m);
  }
  return mask;
}

// The mask of the canvas: what is added is drawn.
std::vector<uint8_t> canvas_mask(const std::vector<uint8_t>& mask, const PictureSize& inner, int64_t left, int64_t top,
                                 const PictureSize& canvas) {
  std::vector<uint8_t> whole(static_cast<size_t>(canvas[0] * canvas[1]), 255);
  for (int64_t y = 0; y < inner[1]; ++y) {
    const auto row = whole.begin() + (y + top) * canvas[0] + left;
    if (mask.empty()) {
      std::fill_n(row, inner[0], uint8_t{0});
    } else {
      std::copy_n(mask.begin() + y * inner[0], inner[0], row);
    }
  }
  return whole;
}

void require_something_to_draw(const std::vector<uint8_t>& mask, const File& input, const std::optional<File>& file) {
  if (std::any_of(mask.begin(), mask.end(), [](uint8_t m) { return m > 0; })) return;
  throw RequestError(concat(file ? "the mask " : "the alpha of ", quoted(file ? file->name : input.name),
                            " leaves nothing to draw: white in a mask, or alpha 0, is drawn anew; --invert-mask turns "
                            "it"));
}

}  // namespace

void EditRecord::validate() const {
  for (const std::string* name : {&input, &mask}) {
    if (*name == recorded_name(*name)) continue;
    throw ConfigError(concat("the edited picture's file ", quoted(*name),
                             " stands in a folder, but a record has names alone; write the name, and put the file "
                             "beside the record"));
  }
}

PictureEdit read_edit(const std::filesystem::path& input, const std::filesystem::path& mask, EditRecord how,
                      const models::ModelConfig& network) {
  const auto read = [](const std::filesystem::path& path) {
    return PictureFile{recorded_name(path), read_file(path, image::DecodeLimits{}.max_file_bytes)};
  };
  return edit_of(read(input), mask.empty() ? std::nullopt : std::optional(read(mask)), std::move(how), network);
}

PictureEdit edit_of(const PictureFile& input_file, const std::optional<PictureFile>& mask_given, EditRecord how,
                    const models::ModelConfig& network) {
  if (how.strength && !(*how.strength >= engine::kLeastStrength && *how.strength <= 1)) {
    throw RequestError(
        concat("strength ", *how.strength, " must be from ", engine::kLeastStrength, " to 1; less would draw nothing"));
  }
  const File input = decoded(input_file);
  const std::optional<File> mask_file = mask_given ? std::optional(decoded(*mask_given)) : std::nullopt;
  how.input = input.name;
  how.input_hash = input.hash;
  how.mask = mask_file ? mask_file->name : "";
  how.mask_hash = mask_file ? mask_file->hash : "";
  if (how.invert_mask && !mask_file && input.picture.alpha.empty()) {
    throw RequestError(concat("there is no mask to invert: ", quoted(input.name), " has no alpha; give --mask"));
  }

  const PictureSize inner = how.size.value_or(size_of(input.picture.colours));
  const auto [left, top, right, bottom] = how.extend;
  const PictureSize outer{inner[0] + left + right, inner[1] + top + bottom};
  engine::SampleConfig settings;
  settings.size = whole_patches(network, outer);
  engine::require_sizes(network, settings);

  PictureEdit edit;
  const Image picture = fitted(input.picture.colours, inner, image::Filter::bicubic);
  edit.canvas = extended(picture, static_cast<int>(left), static_cast<int>(top), settings.size);
  edit.result = {0, 0, static_cast<int>(outer[0]), static_cast<int>(outer[1])};
  const std::vector<uint8_t> mask = fitted_mask(input, mask_file, inner, how.invert_mask);
  // Without a mask what is there stays only where something is added around it.
  if (!mask.empty() || outer != inner) {
    edit.mask = canvas_mask(mask, inner, left, top, settings.size);
    if (outer == inner) require_something_to_draw(mask, input, mask_file);
    if (std::all_of(edit.mask.begin(), edit.mask.end(), [](uint8_t m) { return m == 255; })) edit.mask.clear();
  }
  if (!how.strength) how.strength = edit.mask.empty() ? EditRecord::kFreeStrength : EditRecord::kMaskedStrength;
  edit.record = std::move(how);
  return edit;
}

engine::Edit engine_edit(const PictureEdit& edit) {
  const auto [width, height] = edit.canvas_size();
  engine::Edit drawn;
  drawn.image = at::empty({1, 3, height, width});
  image::to_model_range(edit.canvas.rgb, edit.canvas.width, edit.canvas.height, drawn.image.mutable_data_ptr<float>());
  drawn.strength = *edit.record.strength;
  if (edit.mask.empty()) return drawn;
  drawn.resample = edit.record.resample;
  drawn.mask = at::empty({1, 1, height, width});
  std::transform(edit.mask.begin(), edit.mask.end(), drawn.mask.mutable_data_ptr<float>(), image::to_unit_range);
  return drawn;
}

Image finished(const PictureEdit& edit, Image drawn) {
  for (size_t i = 0; i < 3 * edit.mask.size(); ++i) {
    const int m = edit.mask[i / 3];
    drawn.rgb[i] = static_cast<uint8_t>((m * drawn.rgb[i] + (255 - m) * edit.canvas.rgb[i] + 127) / 255);
  }
  return image::crop(drawn, edit.result);
}

std::string picture_hash(const std::filesystem::path& path) {
  try {
    return hexadecimal(hash_of(read_file(path, image::DecodeLimits{}.max_file_bytes)));
  } catch (const DataError&) {
    return "";
  }
}

}  // namespace pixnerd::sample
