#include "serve/infotext.h"

#include <filesystem>

#include "config/member.h"
#include "core/text.h"

namespace pixnerd::serve {

std::string infotext(const sample::PictureRecord& record) {
  const auto& sampler = record.sample.sampler;
  const auto [width, height] =
      record.edit ? record.edit->size.value_or(record.sample.size) : record.sample.picture_size();
  std::string text = record.prompt.value_or(record.class_name);
  if (text.empty() && record.label) text = concat("class ", *record.label);
  if (!record.style_name.empty()) text += concat(", ", record.style_name);
  if (record.negative_prompt && !record.negative_prompt->empty()) {
    text += concat("\nNegative prompt: ", *record.negative_prompt);
  }
  text += concat("\nSteps: ", sampler.steps, ", Sampler: ", config::enum_name(sampler.solver),
                 ", CFG scale: ", sampler.guidance, ", Seed: ", record.seed, ", Size: ", width, "x", height,
                 ", Model hash: ", record.checkpoint_hash,
                 ", Model: ", std::filesystem::path(record.checkpoint).stem().string());
  if (record.edit) text += concat(", Denoising strength: ", record.edit->strength.value_or(1));
  if (record.variation) {
    text +=
        concat(", Variation seed: ", record.variation->seed, ", Variation seed strength: ", record.variation->strength);
  }
  return text + ", Version: pixnerd";
}

}  // namespace pixnerd::serve
