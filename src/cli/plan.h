// `pixnerd train --plan`: what a run would take, before anything is begun.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>

#include "train/config.h"

namespace pixnerd::cli {

struct PlanFlags {
  bool is_asked = false;
  int64_t ranks = 1;
  bool messages = false;  // between the processes, instead of memory that they share
  double disk = 0;        // bytes a second that checkpoints are written at; 0: measured in the present folder
};

// --plan, --ranks, --messages, --disk.
void add_plan_flags(CLI::App& command, PlanFlags& flags);

void print_plan(const train::RunConfig& config, const PlanFlags& flags);

}  // namespace pixnerd::cli
