// Pictures that are drawn again, in one run: what it has once their records must agree on, unless a flag chooses it.
#pragma once

#include <vector>

#include "sample/record.h"

namespace pixnerd::cli {

// What flags say in place of the records.
struct Chosen {
  bool checkpoint = false, text_encoder = false, decoder = false, dtype = false;
};

// RequestError where records differ in something that is not chosen; it names the flag. Files are told by what is in
// them, where the records say that.
void require_common(const std::vector<sample::PictureRecord>& before, const Chosen& chosen);

// Warns of files that are not what the records say: they were replaced, or others are chosen. `now` is of the files as
// they are.
void warn_of_other_files(const std::vector<sample::PictureRecord>& before, const Chosen& chosen,
                         const sample::PictureRecord& now);

}  // namespace pixnerd::cli
