// What `pixnerd data inspect` prints, on standard output.
#pragma once

#include "data/config.h"
#include "data/inspect.h"
#include "data/picture_set.h"

namespace pixnerd::cli {

// For people: a row for each kind of thing. Styles only where they are read.
void print_inspection(const data::PictureSet& set, const data::Inspection& all, const data::DataConfig& config);

// One line of JSON with all of it: docs/program.md has the fields.
void print_json(const data::PictureSet& set, const data::Inspection& all, const data::DataConfig& config);

}  // namespace pixnerd::cli
