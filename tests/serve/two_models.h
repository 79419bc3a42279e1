// A catalogue of a network of classes, "classes", and one of prompts, "prompts".
#pragma once

#include "serve/catalogue.h"
#include "tests/core/temporary_folder.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::serve {

class TwoModels {
 public:
  TwoModels() {
    sample::ModelDescription prompts;
    prompts.model = models::tiny_text_config(models::ModelType::t2i);
    prompts.sample.size = {8, 8};
    sample::write_tiny_model(folder_ / "classes.safetensors", sample::tiny_description());
    sample::write_tiny_model(folder_ / "prompts.safetensors", prompts);
    catalogue_ = std::make_unique<Catalogue>(std::vector<std::string>{(folder_ / "classes.safetensors").string(),
                                                                      (folder_ / "prompts.safetensors").string()},
                                             true);
  }

  const Catalogue& operator*() const { return *catalogue_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Catalogue> catalogue_;
};

}  // namespace pixnerd::serve
