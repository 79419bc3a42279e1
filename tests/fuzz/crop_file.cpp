// A cache of cropped pictures ends in a DataError, or in pictures of the layout's size that are what a decoder may
// give.
#include "data/crop_file.h"

#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using fuzz::require;

constexpr int64_t kPictures = 3, kSide = 2;

void check_unfinished(const std::filesystem::path& path, const data::CropLayout& layout) {
  const data::UnfinishedCropFile file(path, layout);
  require(file.done() >= 0 && file.done() <= kPictures, "no more is done than there are pictures");
}

void check_whole(const std::filesystem::path& path, const data::CropLayout& layout) {
  const data::CropFile file(path, layout);
  for (int64_t i = 0; i < kPictures; ++i) {
    const auto picture = file.read(i);
    require(picture.has_value(), "a file that nobody changes is read");
    require(picture->image.rgb.size() == layout.square_bytes(), "a square has all its pixels");
    if (!file.is_readable(i)) continue;
    const image::Info& info = picture->info;
    require(info.width >= 1 && info.height >= 1 && info.width <= image::kMaxPixels / info.height, "sizes have limits");
    require(info.bits >= 8 && info.orientation >= 1 && info.orientation <= 8, "bits and orientations are known ones");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const data::CropLayout layout{"pixnerd squares 1\nimage_size 2\npictures 3\n", kPictures, kSide};
  const fuzz::MemoryFile content(fuzz::as_text(data, size));
  const bool is_whole = fuzz::accepts<DataError>([&] { check_whole(content.path(), layout); });
  const bool is_begun = fuzz::accepts<DataError>([&] { check_unfinished(content.path(), layout); });
  require(is_begun || !is_whole, "what is whole has been begun");
  return 0;
}
