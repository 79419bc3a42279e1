#include "sample/output.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "core/errors.h"
#include "core/text.h"
#include "sample/folder_output.h"
#include "sample/grid_output.h"
#include "sample/npz_output.h"

namespace pixnerd::sample {
namespace {

constexpr int64_t kWidestRow = 16;     // a class of more pictures is broken into rows
constexpr int64_t kTallestAspect = 4;  // rows for each column, one class a row

// Of pictures and arrays, which are not written.
constexpr std::array<std::string_view, 30> kOtherEndings = {
    ".jpg", ".jpeg", ".jpe",  ".jfif",  ".jxl",  ".jp2",  ".webp", ".gif", ".bmp", ".dib",
    ".tif", ".tiff", ".avif", ".avifs", ".heic", ".heif", ".apng", ".ico", ".tga", ".ppm",
    ".pgm", ".pbm",  ".pnm",  ".pfm",   ".qoi",  ".exr",  ".hdr",  ".psd", ".svg", ".npy"};

}  // namespace

OutputKind output_kind(const std::filesystem::path& path) {
  if (path.empty()) throw RequestError("the path of the output is empty");
  const std::string ending = ascii_lower(path.extension().string());
  if (ending == ".png") return OutputKind::grid;
  if (ending == ".npz") return OutputKind::arrays;
  if (std::find(kOtherEndings.begin(), kOtherEndings.end(), ending) == kOtherEndings.end()) return OutputKind::folder;
  throw RequestError(
      concat("pictures are written as .png or .npz; let ", quoted(path), " end in one of these, or name a folder"));
}

std::unique_ptr<PictureOutput> open_output(const std::filesystem::path& path, const OutputPlan& plan) {
  const OutputKind kind = output_kind(path);
  if (!plan.labels.empty() && kind != OutputKind::grid) {
    throw RequestError(concat("only a grid has labels; let ", quoted(path), " end in .png"));
  }
  if (kind != OutputKind::arrays) {  // which may be there in part, and say themselves what is missing
    const auto files = kind == OutputKind::folder ? static_cast<uint64_t>(plan.pictures) : 1;
    require_space(path, png_bytes(plan.pictures, plan.width, plan.height), files);
  }
  switch (kind) {
    case OutputKind::grid:
      return open_grid(path, plan);
    case OutputKind::arrays:
      return open_npz(path, plan);
    case OutputKind::folder:
      break;
  }
  return open_folder(path, plan);
}

uint64_t png_bytes(int64_t pictures, int64_t width, int64_t height) {
  constexpr uint64_t kShrinks = 8;
  return static_cast<uint64_t>(pictures) * static_cast<uint64_t>(width * height * 3) / kShrinks;
}

int64_t grid_columns(int64_t classes, int64_t count) {
  if (classes > 1 && 1 < count && count <= kWidestRow && classes <= kTallestAspect * count) return count;
  const auto side = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(classes * count))));
  return count <= side ? (side + count - 1) / count * count : side;
}

}  // namespace pixnerd::sample
