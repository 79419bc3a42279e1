// The checkpoints that are served, known by what their files say, without their weights in memory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sample/model_file.h"

namespace pixnerd::serve {

struct ServedModel {
  std::string name;            // what clients call it: the file's own name without its ending
  std::filesystem::path path;  // of the file
  std::string hash;            // of its content (checkpoint/content_hash.h)
  sample::ModelDescription description;
  std::vector<std::string> class_names;  // as people see them; empty where there are none

  bool takes_text() const { return description.model.takes_text(); }
};

class Catalogue {
 public:
  // Errors as sample::load_model()'s; RequestError where a network draws prompts and there is no text encoder, or does
  // not draw RGB, and where there is no checkpoint.
  Catalogue(const std::vector<std::string>& checkpoints, bool has_text_encoder);

  const std::vector<ServedModel>& models() const { return models_; }

  // "" is the first. Refusal (404) that names the nearest.
  const ServedModel& find(const std::string& name) const;

 private:
  std::vector<ServedModel> models_;
};

}  // namespace pixnerd::serve
