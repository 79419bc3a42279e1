#include "cli/edit.h"

#include "cli/sample.h"

namespace pixnerd::cli {
namespace {

void define(CLI::App& command, SampleFlags& flags) {
  add_edit_flags(command, flags.edit);
  add_drawing_flags(command, flags);
  // A row shows what lies between two conditions, not an edit.
  command.remove_option(command.get_option("--interpolate"));
  command.get_option("--size")->description(
      "width and height to fit the picture to: scaled to cover it, then its middle");
}

}  // namespace

void add_edit(CLI::App& program) {
  add_command<SampleFlags>(program, "edit",
                           "draw a picture anew by a checkpoint: whole, where a mask is white, or around it", define,
                           run_sample);
}

}  // namespace pixnerd::cli
