#pragma once

#include <CLI/CLI.hpp>

namespace pixnerd::cli {

// `pixnerd serve`: pictures over HTTP, and a page to draw with.
void add_serve(CLI::App& program);

}  // namespace pixnerd::cli
