#include "data/picture_set.h"

#include "core/hash.h"
#include "core/log.h"
#include "core/text.h"
#include "data/image_folder.h"
#include "data/numbered_classes.h"
#include "data/shards.h"

namespace pixnerd::data {

std::shared_ptr<const PictureSet> open_pictures(const DataConfig& config) {
  std::shared_ptr<const PictureSet> pictures;
  if (is_shards(config.path)) {
    pictures = std::make_shared<const Shards>(config);
  } else {
    pictures = std::make_shared<const ImageFolder>(config);
  }
  const std::string word = word_on_numbers(pictures->classes());
  if (!word.empty()) log_warning(concat("'", config.path, "': ", word));
  return pictures;
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
