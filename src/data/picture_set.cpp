#include "data/picture_set.h"

#include <utility>

#include "core/hash.h"
#include "core/log.h"
#include "core/text.h"
#include "data/crop_cache.h"
#include "data/image_folder.h"
#include "data/numbered_classes.h"
#include "data/shards.h"

namespace pixnerd::data {

const Unused& PictureSet::unused() const {
  static const Unused none;
  return none;
}

std::shared_ptr<const PictureSet> open_pictures(const DataConfig& config, Tell tell, const StopRequested& stop) {
  std::shared_ptr<const PictureSet> set;
  if (is_shards(config.path)) {
    set = std::make_shared<const Shards>(config);
  } else {
    set = std::make_shared<const ImageFolder>(config);
  }
  if (tell == Tell::log) {
    for (const std::string& line : unused_in(*set)) log_warning(line);
    const std::string word = word_on_numbers(set->classes());
    if (!word.empty()) log_warning(concat(quoted(config.path), ": ", word));
  }
  return with_cache(std::move(set), config, stop);
}

std::vector<std::string> unused_in(const PictureSet& set) {
  std::vector<std::string> lines = set.unused().lines();
  for (std::string& line : lines) {
    line = concat("data set ", quoted(set.root()), ": not used: ", line);
  }
  return lines;
}

uint64_t fingerprint(const PictureSet& pictures) {
  uint64_t hash = kEmptyHash;
  for (int64_t i = 0; i < pictures.size(); ++i) {
    hash = hash_of(concat(pictures.name(i), "\n", pictures.label(i), " ", pictures.style(i), "\n"), hash);
  }
  for (const std::string& name : pictures.classes()) hash = hash_of(concat(name, "\n"), hash);
  for (const std::string& name : pictures.styles()) hash = hash_of(concat(name, "\n"), hash);
  return hash;
}

}  // namespace pixnerd::data
