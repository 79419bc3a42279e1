// EXIF by libexif: of all that cameras write, the orientation.
#include <libexif/exif-data.h>

#include <algorithm>
#include <array>
#include <memory>

#include "image/formats.h"

namespace pixnerd::image {
namespace {

// EXIF is at most 64 kB in a JPEG, and the orientation stands at its beginning.
constexpr size_t kMaxBytes = size_t{1} << 18;

// libexif takes a JPEG file, or "Exif", two zeros and the block.
int orientation_in(std::span<const std::byte> bytes) {
  const std::unique_ptr<ExifData, decltype(&exif_data_unref)> data(exif_data_new(), &exif_data_unref);
  if (!data) return 1;
  exif_data_unset_option(data.get(), EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
  const auto size = static_cast<unsigned>(std::min(bytes.size(), kMaxBytes));
  exif_data_load_data(data.get(), reinterpret_cast<const unsigned char*>(bytes.data()), size);
  const ExifEntry* const entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return 1;
  const int orientation = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

}  // namespace

int orientation_of_jpeg(std::span<const std::byte> file) {
  return orientation_in(file);
}

int orientation_of_exif(std::span<const std::byte> block) {
  static constexpr std::array<char, 6> kOpening = {'E', 'x', 'i', 'f', 0, 0};
  const auto opening = std::as_bytes(std::span(kOpening));
  if (block.size() >= opening.size() && std::equal(opening.begin(), opening.end(), block.begin())) {
    return orientation_in(block);
  }
  std::vector<std::byte> whole(opening.begin(), opening.end());
  whole.insert(whole.end(), block.begin(),
               block.begin() + static_cast<std::ptrdiff_t>(std::min(block.size(), kMaxBytes)));
  return orientation_in(whole);
}

}  // namespace pixnerd::image
