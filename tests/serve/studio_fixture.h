// What the tests of orders and jobs share: small networks that are served, and a folder of pictures.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "serve/catalogue.h"
#include "serve/order.h"
#include "store/history.h"
#include "store/picture_folder.h"
#include "tests/core/temporary_folder.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::serve {

// Of three classes in two styles, 8 x 8 pixels in patches of 4, 4 steps.
inline sample::ModelDescription styled_description() {
  sample::ModelDescription description = sample::tiny_description();
  description.model.num_styles = 2;
  description.sample.size = {8, 8};
  description.styles = {"flat", "round"};
  return description;
}

inline sample::ModelDescription text_description() {
  sample::ModelDescription description;
  description.model = models::tiny_text_config(models::ModelType::t2i);
  description.model.txt_embed_dim = 16;
  description.sample.size = {8, 8};
  description.sample.sampler.steps = 3;
  return description;
}

// "fruit" draws classes in styles, "plain" classes, "words" prompts.
inline void write_models(const std::filesystem::path& folder) {
  sample::write_tiny_model(folder / "fruit.safetensors", styled_description());
  sample::write_tiny_model(folder / "plain.safetensors", sample::tiny_description(), 2);
  sample::write_tiny_model(folder / "words.safetensors", text_description(), 3);
}

class ServedModels {
 public:
  ServedModels() { write_models(folder.path()); }

  std::string path(const std::string& name) const { return (folder / (name + ".safetensors")).string(); }

  Catalogue catalogue() const { return {{path("fruit"), path("plain"), path("words")}, true}; }

  TemporaryFolder folder;
};

}  // namespace pixnerd::serve
