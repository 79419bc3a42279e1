// What a picture that is judged was to show, in the names of a data set.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pixnerd::eval {

struct Asked {
  std::vector<std::string> classes;  // one as a rule; all of them in one picture
  std::string style, language;       // "" where none was asked for
  int64_t caption = 0;               // which of the language's captions was the prompt, from 1; 0: none was
};

}  // namespace pixnerd::eval
