#include "sample/mismatch.h"

#include "config/writer.h"
#include "core/errors.h"
#include "core/text.h"
#include "image/codec.h"

namespace pixnerd::sample {
namespace {

// Two values as "guidance is 3, not 4"; "" if they are equal.
std::string difference_of(const config::Value& is, const config::Value& wanted, const std::string& name) {
  if (is == wanted) return "";
  for (const auto& [key, value] : is.fields) {
    const config::Value* const other = wanted.find(key);
    const std::string found = other == nullptr ? "" : difference_of(value, *other, key);
    if (!found.empty()) return found;
  }
  return concat(name, " is ", printable(config::to_line(is)), ", not ", printable(config::to_line(wanted)));
}

// The content of files counts and not what they are called. Records of earlier versions have paths, the earliest no
// hashes.
void compare_files(std::string& name, std::string& hash, const std::string& wanted_name,
                   const std::string& wanted_hash) {
  const bool have_hashes = !hash.empty() && !wanted_hash.empty();
  name = have_hashes ? wanted_name : recorded_name(name);
  if (!have_hashes) hash = wanted_hash;
}

}  // namespace

// What rounding alone depends on does not count, nor what it was computed on, nor what goes with the class. Records of
// earlier versions have the step 0 where none is stated.
std::string difference(PictureRecord is, const PictureRecord& wanted) {
  is.threads = wanted.threads;
  is.batch = wanted.batch;
  is.place = wanted.place;
  is.device = wanted.device;
  is.class_name = wanted.class_name;
  is.style_name = wanted.style_name;
  if (is.step.value_or(0) == wanted.step.value_or(0)) is.step = wanted.step;
  compare_files(is.checkpoint, is.checkpoint_hash, wanted.checkpoint, wanted.checkpoint_hash);
  if (is.edit && wanted.edit) {
    compare_files(is.edit->input, is.edit->input_hash, wanted.edit->input, wanted.edit->input_hash);
    compare_files(is.edit->mask, is.edit->mask_hash, wanted.edit->mask, wanted.edit->mask_hash);
  }
  compare_files(is.text_encoder, is.text_encoder_hash, wanted.text_encoder, wanted.text_encoder_hash);
  return difference_of(config::member_value(is), config::member_value(wanted), "the picture");
}

std::string mismatch(const std::filesystem::path& picture, const std::vector<PictureRecord>& wanted) {
  try {
    const std::vector<PictureRecord> records = read_records(picture);
    if (records.size() != wanted.size()) return concat("it has ", records.size(), " pictures");
    for (size_t k = 0; k < wanted.size(); ++k) {
      const std::string found = difference(records[k], wanted[k]);
      if (!found.empty()) return found;
    }
    image::read_image(picture);  // to its end
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

}  // namespace pixnerd::sample
