#include "cli/batched_extractor.h"

#include <ATen/ops/zeros.h>

#include "cli/terminal_progress.h"

namespace pixnerd::cli {

eval::Features BatchedExtractor::example(const eval::Pictures& pictures) const {
  return extractor_.extract(at::zeros({1, pictures.height(), pictures.width(), 3}, at::kByte));
}

eval::Features BatchedExtractor::features_of(eval::Pictures& pictures, const eval::Needs& needs,
                                             const std::string& label) const {
  const auto extract = [&](Progress& progress) {
    return eval::extract_together(*processes_.group, pictures, extractor_.extract, batch_, needs, &progress);
  };
  return shown(label, "pictures", extract);
}

eval::Features BatchedExtractor::features_of(DrawnPictures& drawn, const eval::Needs& needs) const {
  const auto extract = [&](Progress& progress) {
    drawn.report_to(progress);
    return eval::extract_together(*processes_.group, drawn.pictures(), extractor_.extract, batch_, needs, nullptr);
  };
  return shown("sampling", "steps", extract);
}

eval::Features BatchedExtractor::shown(const std::string& label, const char* unit,
                                       const std::function<eval::Features(Progress&)>& extract) const {
  NoProgress none;
  if (!processes_.group->is_first()) return extract(none);
  TerminalProgress progress(label, unit);
  eval::Features features = extract(progress);
  progress.finish();
  return features;
}

}  // namespace pixnerd::cli
