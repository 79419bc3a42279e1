#include "doctor/drawn_pictures.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "image/codec.h"
#include "image/grid.h"
#include "train/preview.h"

namespace pixnerd::doctor {
namespace {

namespace fs = std::filesystem;

// The step in "step-00000040.png"; nothing for other names.
std::optional<int64_t> step_of(const std::string& name) {
  constexpr std::string_view kPrefix = "step-", kEnding = ".png";
  if (!name.starts_with(kPrefix) || !name.ends_with(kEnding)) return std::nullopt;
  const char* const end = name.data() + name.size() - kEnding.size();
  int64_t step = 0;
  const auto [stopped, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  return error == std::errc{} && stopped == end && step >= 0 ? std::optional(step) : std::nullopt;
}

image::Image part_of(const image::Image& grid, int left, int top, int width, int height) {
  image::Image part = image::blank(width, height);
  for (int y = 0; y < height; ++y) {
    const uint8_t* const from = grid.row(top + y) + static_cast<std::ptrdiff_t>(left) * 3;
    std::copy(from, from + static_cast<std::ptrdiff_t>(width) * 3, part.row(y));
  }
  return part;
}

}  // namespace

std::vector<image::Image> taken_apart(const image::Image& grid, const train::RunConfig& config) {
  const int64_t count = config.train.sample_pictures;
  const int64_t columns = std::min(count, train::preview_columns(count));
  const auto [width, height] = config.sample.picture_size();
  const image::GridSize size = image::grid_size(count, width, height, {}, columns, train::kPreviewPadding);
  std::vector<image::Image> pictures;
  if (size.width != grid.width || size.height != grid.height) return pictures;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t left = train::kPreviewPadding + i % columns * (width + train::kPreviewPadding);
    const int64_t top = train::kPreviewPadding + i / columns * (height + train::kPreviewPadding);
    pictures.push_back(part_of(grid, static_cast<int>(left), static_cast<int>(top), static_cast<int>(width),
                               static_cast<int>(height)));
  }
  return pictures;
}

std::vector<Drawn> measured_samples(const fs::path& run, const train::RunConfig& config) {
  constexpr size_t kMost = 16;
  std::vector<std::pair<int64_t, fs::path>> grids;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run / "samples", none)) {
    if (const auto step = step_of(entry.path().filename().string())) grids.emplace_back(*step, entry.path());
  }
  std::sort(grids.begin(), grids.end());
  std::vector<Drawn> drawn;
  const size_t count = std::min(kMost, grids.size());
  for (size_t i = 0; i < count; ++i) {
    const auto& [step, path] = grids[count == 1 ? 0 : i * (grids.size() - 1) / (count - 1)];
    try {
      const std::vector<image::Image> pictures = taken_apart(image::read_image(path), config);
      if (!pictures.empty()) drawn.push_back({step, measure(pictures, config.model.patch_size)});
    } catch (const DataError&) {
    }
  }
  return drawn;
}

}  // namespace pixnerd::doctor
