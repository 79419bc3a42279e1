#include "data/include.h"

#include <fnmatch.h>

#include <algorithm>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::data {

std::vector<std::string> included(std::vector<std::string> names, const DataConfig& config, const char* what) {
  if (config.include.empty()) return names;
  std::vector<bool> chosen(names.size());
  for (const std::string& pattern : config.include) {
    bool fits = false;
    for (size_t i = 0; i < names.size(); ++i) {
      if (fnmatch(pattern.c_str(), names[i].c_str(), 0) != 0) continue;
      chosen[i] = fits = true;
    }
    if (fits) continue;
    const std::string meant = nearest(pattern, names);
    throw ConfigError(concat("include: no ", what, " of ", quoted(config.path), " fits ", quoted(pattern),
                             meant.empty() ? "" : concat("; did you mean '", meant, "'?")));
  }
  std::vector<std::string> result;
  for (size_t i = 0; i < names.size(); ++i) {
    if (chosen[i]) result.push_back(std::move(names[i]));
  }
  return result;
}

}  // namespace pixnerd::data
