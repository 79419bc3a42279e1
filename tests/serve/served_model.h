// A model to speak of, without a file.
#pragma once

#include "serve/catalogue.h"

namespace pixnerd::serve {

inline ServedModel emoji_like() {
  ServedModel model;
  model.name = "emoji";
  model.path = "folder/emoji.safetensors";
  model.hash = "0123456789abcdef";
  model.description.model.patch_size = 8;
  model.description.model.num_classes = 4;
  model.description.model.num_styles = 2;
  model.description.sample.size = {64, 64};
  model.description.styles = {"noto", "twemoji"};
  model.description.classes = model.class_names = {"fox", "owl", "bread, white", "tench, noto"};
  return model;
}

}  // namespace pixnerd::serve
