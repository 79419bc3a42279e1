#include "train/fit_to_data.h"

#include "core/counted.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::train {
namespace {

void take_count(int64_t& configured, int64_t present, const char* key, const char* one, const char* more,
                const std::string& path) {
  if (configured == 0) configured = present;
  if (configured == present) return;
  throw ConfigError(concat(key, " is ", configured, ", but ", quoted(path), " has ", counted(present, one, more),
                           "; set ", key, " to ", present, ", or to 0 to take it from the data"));
}

}  // namespace

void fit_to_data(RunConfig& config, const data::PictureSet& pictures) {
  if (config.model.takes_text()) return;  // captions take the place of classes
  for (int64_t i = 0; i < pictures.size(); ++i) {
    if (pictures.label(i) >= 0) continue;
    throw DataError(
        concat("data set ", quoted(config.data.path), ": picture ", printable(pictures.name(i)),
               " has no class; give every picture a class folder, or a \"label\" or \"class\" in its JSON"));
  }
  // Bare numbers may be of a part of a set: the highest one there says little.
  const bool may_be_more = pictures.classes().empty() && config.model.num_classes > pictures.num_classes();
  if (!may_be_more) {
    take_count(config.model.num_classes, pictures.num_classes(), "model.num_classes", "class", "classes",
               config.data.path);
  }
  if (config.data.styles && pictures.styles().empty()) {
    throw ConfigError(concat("data.styles is set, but no picture of ", quoted(config.data.path), " has a style"));
  }
  if (!config.data.styles && config.model.num_styles > 0) {
    throw ConfigError("model.num_styles needs data.styles: true");
  }
  take_count(config.model.num_styles, static_cast<int64_t>(pictures.styles().size()), "model.num_styles", "style",
             "styles", config.data.path);
}

sample::ModelDescription description_of(const RunConfig& config, const data::PictureSet& pictures) {
  if (config.model.takes_text()) return {config.model, config.sample, {}, {}};
  return {config.model, config.sample, pictures.classes(), pictures.styles()};
}

std::string labels_of(const RunConfig& config) {
  if (config.model.takes_text()) return " with captions";
  return concat(" of ", counted(config.model.num_classes, "class", "classes"),
                config.data.styles ? concat(" in ", counted(config.model.num_styles, "style", "styles")) : "");
}

}  // namespace pixnerd::train
