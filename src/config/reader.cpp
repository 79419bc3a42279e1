#include "config/reader.h"

#include <algorithm>

namespace pixnerd::config {

std::string dotted(const std::string& section, const std::string& key) {
  return section.empty() ? key : concat(section, ".", key);
}

void check_keys(const Value& section, const std::string& name, const std::vector<std::string>& known) {
  if (section.kind == Value::Kind::null) return;
  if (section.kind != Value::Kind::map) refuse(section, name, "a section of 'key: value' lines");
  for (const auto& [key, value] : section.fields) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string place = name.empty() ? "" : concat(" in ", name);
    const std::string meant = nearest(key, known);
    const std::string mend = !meant.empty()  ? concat("; did you mean '", meant, "'?")
                             : known.empty() ? "; it has no keys"
                                             : concat("; the keys are ", one_of(known).substr(7));
    throw ConfigError(concat(where(value), ": unknown key ", quoted(key), place, mend));
  }
}

}  // namespace pixnerd::config
