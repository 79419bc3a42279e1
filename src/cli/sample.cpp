#include "cli/sample.h"

#include <algorithm>
#include <optional>

#include "checkpoint/content_hash.h"
#include "cli/again.h"
#include "cli/checkpoint_flags.h"
#include "cli/drawing_together.h"
#include "cli/edit_plan.h"
#include "cli/preparation.h"
#include "cli/sample_flags.h"
#include "cli/sample_plan.h"
#include "cli/sample_report.h"
#include "cli/sources.h"
#include "cli/suite.h"
#include "cli/terminal_progress.h"
#include "config/member.h"
#include "core/destination.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "core/timing.h"
#include "image/missing_fonts.h"
#include "sample/drawing.h"
#include "sample/output.h"
#include "sample/trajectory.h"

namespace pixnerd::cli {
namespace {

// All pictures have one size: what grids, arrays and animations need.
sample::PictureSize common_size(const SamplePlan& plan, const std::string& out) {
  const sample::PictureSize size = plan.pictures.front().size();
  for (const sample::PictureRequest& picture : plan.pictures) {
    if (picture.size() == size) continue;
    throw RequestError(concat("the pictures have several sizes, which do not go together into ", quoted(out),
                              "; let --out be a folder"));
  }
  return size;
}

bool has_two_sizes(const SamplePlan& plan) {
  return std::any_of(plan.pictures.begin(), plan.pictures.end(),
                     [](const sample::PictureRequest& picture) { return picture.settings->decode_size.has_value(); });
}

bool has_labels(const SampleFlags& flags, const SamplePlan& plan) {
  return sample::output_kind(flags.out) == sample::OutputKind::grid && (flags.labels || plan.labelled);
}

sample::OutputPlan output_plan(const SampleFlags& flags, const SamplePlan& plan, const InputFiles& inputs) {
  const auto [width, height] = plan.pictures.front().size();
  sample::OutputPlan output{plan.size(), width, height, plan.columns, flags.overwrite, inputs};
  if (sample::output_kind(flags.out) != sample::OutputKind::folder) common_size(plan, flags.out);
  output.resume = flags.resume;
  output.padding = plan.padding;
  for (const sample::PictureRequest& picture : plan.pictures) {
    if (picture.label) output.classes.push_back(*picture.label);
  }
  output.names = plan.names;
  if (has_labels(flags, plan)) output.labels = plan.labels;
  return output;
}

// The animation, and the hold on its file.
struct Animation {
  Destination destination;
  sample::Trajectory trajectory;
  int64_t row = 0;  // pictures of it are its frames, there and back; 0: the steps of each are

  // A finished picture.
  void add(int64_t number, const image::Image& picture) {
    if (row == 0) return;
    const int64_t place = number % row;
    trajectory.add(number / row, place, picture);
    if (place + 1 < row) trajectory.add(number / row, 2 * (row - 1) - place, picture);
  }
};

std::optional<Animation> animation_of(const SampleFlags& flags, const SamplePlan& plan, const InputFiles& inputs) {
  if (flags.animate.empty()) return std::nullopt;
  if (has_two_sizes(plan)) throw RequestError("--animate needs pictures of one size; leave out --decode-size");
  const auto [width, height] = common_size(plan, flags.animate);
  std::vector<int64_t> steps;
  int64_t columns = plan.columns;
  if (plan.row > 0) {
    steps.assign(static_cast<size_t>(plan.size() / plan.row), 2 * plan.row - 1);
    columns = sample::grid_columns(std::ssize(steps), 1);
  } else {
    for (const sample::PictureRequest& picture : plan.pictures) steps.push_back(picture.settings->sampler.steps);
  }
  return Animation{Destination(flags.animate, flags.overwrite, inputs),
                   sample::Trajectory(flags.animate, std::move(steps), width, height, columns), plan.row};
}

// Everything that is read.
InputFiles inputs_of(const SampleFlags& flags, const Sources& sources) {
  InputFiles inputs;
  add_checkpoint(inputs, sources.checkpoint);
  inputs.add(sources.text_encoder);
  inputs.add(flags.again);
  inputs.add(flags.suite.metadata);
  flags.pictures.add_to(inputs);
  return inputs;
}

// What every picture's record has in common.
sample::PictureRecord common_record(const SampleFlags& flags, const Sources& sources,
                                    const std::vector<sample::PictureRecord>& before) {
  sample::PictureRecord common;
  common.checkpoint = name_in_record(sources.checkpoint, "--checkpoint");
  common.text_encoder = name_in_record(sources.text_encoder, "--text-encoder");
  if (!before.empty()) common.decoder = before.front().decoder;
  if (!flags.decoder.empty()) common.decoder = flags.decoder;
  return common;
}

// Pictures are drawn again in the arithmetic that they were, unless flags say otherwise.
ComputeFlags compute_of(const SampleFlags& flags, const std::vector<sample::PictureRecord>& before) {
  ComputeFlags compute = flags.compute;
  if (!before.empty() && flags.dtype->count() == 0) compute.dtype = config::enum_name(before.front().dtype);
  return compute;
}

// The pictures of --again; none without it.
std::vector<sample::PictureRecord> records_before(const SampleFlags& flags, const Chosen& chosen) {
  if (flags.again.empty()) return {};
  std::vector<sample::PictureRecord> before = sample::read_records(flags.again);
  require_common(before, chosen);
  return before;
}

// What the records of all pictures say of the file and the machine.
void describe(const sample::ModelFile& file, const Sources& sources, at::Device device, sample::PictureRecord& common) {
  common.checkpoint_hash = checkpoint::content_hash(sources.checkpoint);
  common.text_encoder = sample::recorded_name(sources.text_encoder);
  if (!sources.text_encoder.empty()) common.text_encoder_hash = checkpoint::content_hash(sources.text_encoder);
  common.step = file.step;
  common.weights = file.weights;
  common.device = device.str();
}

// Draws what is not there yet, into the output of rank 0.
void draw(const Processes& processes, const DrawingTools& tools, const SamplePlan& plan, const std::string& out,
          const std::vector<bool>& there, sample::PictureOutput* output, Animation* animation) {
  std::vector<sample::PictureRequest> pictures;
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < plan.pictures.size(); ++i) {
    if (!there.empty() && there[i]) continue;
    pictures.push_back(plan.pictures[i]);
    numbers.push_back(static_cast<int64_t>(i));
  }
  if (pictures.empty()) return;
  const auto number = [&](int64_t index) { return numbers[static_cast<size_t>(index)]; };
  sample::FrameSink frames;
  if (animation != nullptr && animation->row == 0) {
    frames = [&](int64_t i, int64_t step, const image::Image& frame) {
      animation->trajectory.add(number(i), step, frame);
    };
  }
  const auto begin = [&](const sample::DrawSettings& settings) {
    tell_of_work(*tools.file.network, settings, plan, out);
  };
  const auto put = [&](int64_t i, image::Image picture) {
    if (animation != nullptr) animation->add(number(i), picture);
    output->put(number(i), std::move(picture));
  };
  if (!processes.group->is_first()) {
    NoProgress none;
    return draw_together(processes, tools, std::move(pictures), begin, put, none);
  }
  TerminalProgress progress("sampling", "steps");
  draw_together(processes, tools, std::move(pictures), begin, put, progress, frames);
  progress.finish();
}

// What rank 0 finds there is there for all.
std::vector<bool> agreed(const dist::Group& group, const std::vector<bool>& there) {
  std::string text;
  for (const bool each : there) text += each ? '1' : '0';
  std::vector<bool> all;
  for (const char each : group.broadcast(text)) all.push_back(each == '1');
  return all;
}

void draw(const Processes& processes, const SampleFlags& flags, const SamplePlan& plan, const DrawingTools& tools,
          const InputFiles& inputs, const std::string& checkpoint, sample::PictureRecord common) {
  const double began = steady_seconds();
  check(tools, plan.pictures);
  if (!processes.group->is_first()) {
    return draw(processes, tools, plan, flags.out, agreed(*processes.group, {}), nullptr, nullptr);
  }
  sample::OutputPlan output_settings = output_plan(flags, plan, inputs);
  std::optional<Animation> animation = animation_of(flags, plan, inputs);
  common.labels = has_labels(flags, plan);
  const bool in_grid = sample::output_kind(flags.out) == sample::OutputKind::grid && (plan.size() > 1 || common.labels);
  common.columns = in_grid ? plan.columns : 0;
  common.padding = in_grid ? plan.padding : std::nullopt;
  common.dtype = tools.precision;
  const auto records = records_of(plan, std::move(common));
  // Of an .npz they are kept only until it is whole.
  const bool has_records = !flags.no_record || sample::output_kind(flags.out) == sample::OutputKind::arrays;
  if (has_records) output_settings.record = records;
  const auto output = sample::open_output(flags.out, output_settings);
  if (const std::string missing = image::missing_fonts(output_settings.labels); !missing.empty()) log_warning(missing);
  const std::vector<bool> there = agreed(*processes.group, output->is_there());
  draw(processes, tools, plan, flags.out, there, output.get(), animation ? &*animation : nullptr);
  const sample::Written written = output->finish();
  if (animation) animation->trajectory.write();
  if (flags.json) {
    const sample::Trajectory* const trajectory = animation ? &animation->trajectory : nullptr;
    return print_json(written, {plan, records, checkpoint, there, trajectory, steady_seconds() - began});
  }
  report(written, plan);
  if (animation) report(animation->trajectory);
}

// What is to be drawn, whatever it is drawn from.
SamplePlan plan_of(const SampleFlags& flags, const std::vector<sample::PictureRecord>& before,
                   const sample::ModelDescription& description) {
  if (!before.empty()) {
    SamplePlan plan = plan_of(before, flags.pictures.sampler, description);
    edit_again(plan, before, flags.edit, flags.pictures.sampler, flags.again, description.model);
    return plan;
  }
  // Splits of the Inception Score are runs of an .npz.
  const bool in_turns = sample::output_kind(flags.out) == sample::OutputKind::arrays;
  SamplePlan plan =
      plan_of(flags.pictures, description, in_turns ? sample::ClassOrder::turns : sample::ClassOrder::runs);
  if (flags.edit.is_verb) edit(plan, flags.edit, flags.pictures.sampler, description);
  return plan;
}

void require_alone(const Processes& processes, const SampleFlags& flags, sample::OutputKind kind) {
  if (processes.group->is_alone() || (kind != sample::OutputKind::grid && flags.animate.empty())) return;
  throw CLI::ValidationError("several processes draw into a folder or an .npz; a grid or --animate is for one");
}

// As one of the processes that draw.
void sample_as(const Processes& processes, const SampleFlags& flags) {
  const Chosen chosen{!flags.checkpoint.empty(), !flags.pictures.text.encoder.empty(), !flags.decoder.empty(),
                      flags.dtype->count() > 0};
  const std::vector<sample::PictureRecord> before = records_before(flags, chosen);
  Sources sources{checkpoint_of(flags.checkpoint, before, flags.again), flags.pictures.text.encoder};
  if (sources.checkpoint.empty()) throw CLI::ValidationError("--checkpoint is required");
  sample::PictureRecord common = common_record(flags, sources, before);
  const ComputeFlags compute = compute_of(flags, before);
  const sample::ModelFile file = sample::load_model(sources.checkpoint, sample::Weights::prefer_ema,
                                                    {flags.ignore_unknown}, decoder_of(common.decoder));
  if (!before.empty() && !file.description.model.takes_text() && flags.pictures.text.any()) {
    throw CLI::ValidationError("the checkpoint draws classes, which need no --text-encoder");
  }
  if (file.description.model.needs_text_encoder()) {
    sources.text_encoder = text_encoder_of(flags.pictures.text.encoder, before, flags.again);
  }
  describe(file, sources, processes.device, common);
  const DrawingTools tools{file,
                           compute.precision(),
                           processes.device,
                           flags.pictures.batch,
                           sources.text_encoder,
                           flags.pictures.text.cache};
  InputFiles inputs = inputs_of(flags, sources);
  if (!flags.suite.name.empty()) {
    draw_suite(flags.suite, {flags.pictures, flags.out, flags.overwrite, inputs, common, flags.json}, processes, tools);
    return;
  }
  const SamplePlan plan = plan_of(flags, before, file.description);
  for (const std::string& each : plan.inputs) inputs.add(each);
  warn_of_other_files(before, chosen, common);
  draw(processes, flags, plan, tools, inputs, sources.checkpoint, std::move(common));
}

}  // namespace

void run_sample(const SampleFlags& flags) {
  const sample::OutputKind kind = sample::output_kind(flags.out);
  if (flags.labels && kind != sample::OutputKind::grid) {
    throw CLI::ValidationError("--labels is for a grid; let --out end in .png");
  }
  if (flags.resume && kind == sample::OutputKind::grid) {
    throw CLI::ValidationError("--resume is for a folder or .npz: a .png appears when all is drawn");
  }
  const Processes processes = start_processes(flags.compute);
  as_one_of(processes, [&] {
    require_alone(processes, flags, kind);
    sample_as(processes, flags);
  });
}

void add_sample(CLI::App& program) {
  const auto define = [](CLI::App& command, SampleFlags& flags) {
    add_drawing_flags(command, flags);
    add_suite_flags(command, flags.suite);
  };
  add_command<SampleFlags>(program, "sample", "draw pictures from a checkpoint", define, run_sample);
}

}  // namespace pixnerd::cli
