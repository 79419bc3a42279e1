#include "cli/sample_flags.h"

#include "cli/checkpoint_flags.h"
#include "cli/checks.h"
#include "cli/progress_form.h"
#include "diffusion/limits.h"

namespace pixnerd::cli {
namespace {

void define_pictures(CLI::App& command, SampleFlags& flags) {
  PictureFlags& pictures = flags.pictures;
  add_condition_flags(command, pictures.condition);
  add_text_flags(command, pictures.text);
  add_count_and_seed(command, pictures, "pictures of each class or prompt, or rows of --interpolate; 1 unless given");
  add_variation_flags(command, pictures.variation);
  command
      .add_option("--batch", pictures.batch,
                  "pictures computed together at most, which changes the speed alone; as many as is best on this "
                  "machine unless given")
      ->check(between(1, diffusion::kLargestBatch))
      ->type_name("N");
  CLI::Option* const again =
      command
          .add_option("--again", flags.again,
                      "draw anew what is in a picture that pixnerd wrote, or in a folder's manifest.jsonl, with the "
                      "checkpoint and text encoder beside it or in the current folder, if they are not given; flags "
                      "of the sampler that are given replace what it was drawn with")
          ->type_name("FILE");
  for (const char* each : {"--classes", "--class", "--style", "--prompt", "--prompts", "--negative-prompt", "--count",
                           "--seed", "--batch", "--variation-seed", "--variation-strength", "--interpolate"}) {
    again->excludes(command.get_option(each));
  }
}

}  // namespace

void add_drawing_flags(CLI::App& command, SampleFlags& flags) {
  command
      .add_option(
          "--checkpoint", flags.checkpoint,
          "the network: a file that pixnerd wrote, or one of PyTorch Lightning or safetensors with published names")
      ->type_name("FILE");
  define_pictures(command, flags);
  command
      .add_option("--out", flags.out,
                  "a path ending in .png for one picture or a grid of several, in .npz for arrays as ADM's evaluator "
                  "reads them, the classes in turn, or a folder for one file a picture")
      ->required()
      ->type_name("PATH");
  command
      .add_option("--animate", flags.animate,
                  "also write how the pictures come out of noise, as animated WebP; with --interpolate, how one "
                  "becomes the other, and back")
      ->type_name("FILE.webp");
  command.add_flag("--labels", flags.labels, "write under each picture of a grid what it shows");
  command.add_flag("--overwrite", flags.overwrite,
                   "replace files that are there already, or use a folder that is not empty, replacing pictures in it; "
                   "what is read is never replaced");
  command
      .add_flag("--resume", flags.resume,
                "go on with a folder or .npz that a run was to fill which was stopped: pictures stay that were made as "
                "this command would make them; others are refused. Suites always do so")
      ->excludes(command.get_option("--overwrite"))
      ->excludes(command.get_option("--animate"));
  command
      .add_flag("--no-record", flags.no_record,
                "do not write into pictures, nor into a folder's manifest.jsonl, how they were made; --again cannot "
                "draw them then")
      ->excludes(command.get_option("--resume"));
  command.add_flag("--json", flags.json, "say what was written as one line of JSON, for programs");
  add_progress_flag(command);
  add_decoder(command, flags.decoder);
  add_ignore_unknown(command, flags.ignore_unknown);
  add_compute_flags(command, flags.compute);
  flags.dtype = command.get_option("--dtype");
  add_preset(command, flags.pictures.sampler, flags.compute, "--dtype");
  command.get_option("--preset")->excludes(command.get_option("--again"));
  add_sampler_flags(command, flags.pictures.sampler);
}

}  // namespace pixnerd::cli
