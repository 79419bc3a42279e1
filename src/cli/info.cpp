#include "cli/info.h"

#include <iostream>

#include "checkpoint/weights_file.h"
#include "cli/checkpoint_flags.h"
#include "cli/info_report.h"

namespace pixnerd::cli {
namespace {

struct InfoFlags {
  std::string checkpoint;
  bool tensors = false, classes = false, config = false, json = false, ignore_unknown = false;
};

void run(const InfoFlags& flags) {
  const CheckpointFacts facts = facts_of(checkpoint::WeightsFile::open(flags.checkpoint, {flags.ignore_unknown}));
  if (flags.json) {
    print_json(facts);
  } else if (flags.tensors || flags.classes || flags.config) {
    if (flags.config) print_configuration(facts);
    if (flags.classes) print_classes(facts);
    if (flags.tensors) print_tensors(facts);
  } else {
    print_summary(facts);
  }
  std::cout << std::flush;
}

void define(CLI::App& command, InfoFlags& flags) {
  command.add_option("checkpoint", flags.checkpoint, kCheckpointHelp)->required()->type_name("FILE");
  command.add_flag("--classes", flags.classes, "list the classes and styles, a line each: their numbers and names");
  command.add_flag("--config", flags.config, "print the whole configuration, as `pixnerd train` reads it");
  command.add_flag("--tensors", flags.tensors, "list all tensors, a line each: name, type and shape");
  command.add_flag("--json", flags.json, "print all of this as one line of JSON");
  add_ignore_unknown(command, flags.ignore_unknown);
}

}  // namespace

void add_info(CLI::App& program) {
  add_command<InfoFlags>(program, "info", "show a checkpoint's configuration, parameters and size", define, run);
}

}  // namespace pixnerd::cli
