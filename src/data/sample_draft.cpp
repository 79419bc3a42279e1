#include "data/sample_draft.h"

#include <algorithm>

#include "core/errors.h"
#include "core/text.h"
#include "image/codec.h"

namespace pixnerd::data {
namespace {

bool is_common_picture(const std::string& extension) {
  return extension == "png" || extension == "jpg" || extension == "jpeg" || extension == "webp";
}

void add_text(const TarFile& file, const Extent& entry, const std::string& extension, Draft& draft) {
  const int64_t limit = extension == "json" ? kMaxJsonBytes : kMaxTextBytes;
  if (entry.size > limit) throw DataError(concat(".", extension, ": larger than ", limit, " bytes"));
  const std::string content = file.read(entry.offset, entry.size);
  if (extension == "json") {
    draft.sample.json = entry;
    add_json(content, draft.sample.text);
  } else if (extension == "txt") {
    draft.sample.txt = entry;
    add_caption(content, draft.sample.text);
  } else {
    draft.cls = entry;
    add_class(content, draft.sample.text);
  }
}

}  // namespace

bool is_sample_text(const std::string& extension) {
  return extension == "json" || extension == "cls" || extension == "txt";
}

uint64_t ExtensionBits::of(const std::string& extension) {
  const auto place = std::find(known_.begin(), known_.end(), extension);
  const auto number = static_cast<size_t>(place - known_.begin());
  if (number >= 64) return 0;
  if (place == known_.end()) known_.push_back(extension);
  return uint64_t{1} << number;
}

bool Draft::add(const TarFile& file, const Extent& entry, const std::string& extension, uint64_t bit) {
  if (!problem.empty()) return true;
  if ((extensions & bit) != 0) {
    problem = concat("two .", printable(extension), " files");
    return true;
  }
  extensions |= bit;
  if (is_sample_text(extension)) {
    has_text = true;
    try {
      add_text(file, entry, extension, *this);
    } catch (const DataError& error) {
      problem = error.what();
    }
  }
  if (!image::is_picture_extension(extension)) return true;
  const bool was_there = sample.picture.exists(), common = is_common_picture(extension);
  if (was_there && common == is_common) problem = "two pictures";
  if (was_there && is_common) return common;
  sample.picture = entry;
  is_common = common;
  return !was_there || !problem.empty();
}

Extent Draft::extent_of(const std::string& extension) const {
  if (extension == "json") return sample.json;
  if (extension == "txt") return sample.txt;
  if (extension == "cls") return cls;
  return image::is_picture_extension(extension) ? sample.picture : Extent{};
}

}  // namespace pixnerd::data
