// `pixnerd eval`: pictures judged against a reference: FID, sFID, Inception Score, precision, recall, KID.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_eval(CLI::App& program);

}  // namespace pixnerd::cli
