#include "cli/convert.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "checkpoint/quantised.h"
#include "checkpoint/shard_index.h"
#include "checkpoint/tensors.h"
#include "checkpoint/torch_writer.h"
#include "cli/checkpoint_flags.h"
#include "cli/checks.h"
#include "cli/terminal_progress.h"
#include "core/destination.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/utf8.h"
#include "models/int8_layers.h"
#include "nn/quantised.h"
#include "sample/model_file.h"

namespace pixnerd::cli {
namespace {

using checkpoint::DType;

enum class Target { safetensors, shards, torch };

constexpr std::pair<const char*, DType> kDTypes[] = {
    {"f32", DType::F32}, {"bf16", DType::BF16}, {"f16", DType::F16}, {"f64", DType::F64}};

constexpr double kUsualGigabytes = 5, kMostGigabytes = 1e9;  // of a shard

constexpr const char *kInt8 = "int8", *kDTypeKey = "pixnerd.dtype";  // the latter in the metadata of a file of int8

struct ConvertFlags {
  std::string input, output, dtype, weights = "all";
  double shard_gigabytes = 0;
  bool overwrite = false, ignore_unknown = false;
};

void define(CLI::App& command, ConvertFlags& flags) {
  command.add_option("input", flags.input, kCheckpointHelp)->required()->type_name("IN");
  command
      .add_option("output", flags.output,
                  "the file to write; its ending says in which format: .safetensors, .safetensors.index.json (several "
                  "files), .ckpt or .pt")
      ->required()
      ->type_name("OUT");
  command
      .add_option(
          "--dtype", flags.dtype,
          "type of the floating-point tensors; as they are unless given. int8 makes a file for drawing with --dtype "
          "int8: one net, most of its matrices in 8 bits, the others in bf16")
      ->check(one_of({"f32", "bf16", "f16", "f64", kInt8}))
      ->type_name("f32|bf16|f16|f64|int8");
  command.add_option("--weights", flags.weights, "which tensors: the averaged net, the trained one, or all")
      ->check(one_of({"ema", "trained", "all"}))
      ->type_name("ema|trained|all")
      ->capture_default_str();
  command
      .add_option("--shard-size", flags.shard_gigabytes,
                  "write several .safetensors files of at most so many gigabytes, and their index (5 for an OUT that "
                  "ends in .index.json)")
      ->check(positive(kMostGigabytes))
      ->type_name("GB");
  command.add_flag("--overwrite", flags.overwrite, "replace files that are there already, but never what is read");
  add_ignore_unknown(command, flags.ignore_unknown);
  add_progress_flag(command);
  command.footer(
      "States of optimisers in PyTorch files are left out. Names, the configuration and the training step are kept.");
}

Target target_of(const ConvertFlags& flags) {
  const std::string ending = std::filesystem::path(flags.output).extension();
  if (flags.output.ends_with(checkpoint::kIndexEnding)) return Target::shards;
  if (ending == ".safetensors") return flags.shard_gigabytes > 0 ? Target::shards : Target::safetensors;
  if (flags.shard_gigabytes > 0) throw CLI::ValidationError("--shard-size is for safetensors; let OUT end in that");
  if (ending == ".ckpt" || ending == ".pt" || ending == ".pth") return Target::torch;
  throw CLI::ValidationError(concat("the ending of ", quoted(flags.output),
                                    " names no format; use .safetensors, .safetensors.index.json, .ckpt or .pt"));
}

// The file that is written last: of shards their index.
std::filesystem::path path_of(const ConvertFlags& flags, Target target) {
  const bool needs_ending = target == Target::shards && !flags.output.ends_with(checkpoint::kIndexEnding);
  return needs_ending ? concat(flags.output, checkpoint::kIndexEnding) : flags.output;
}

std::optional<DType> dtype_named(const std::string& wanted) {
  for (const auto& [name, dtype] : kDTypes) {
    if (wanted == name) return dtype;
  }
  return std::nullopt;
}

uint64_t shard_bytes(const ConvertFlags& flags) {
  constexpr double kGigabyte = 1e9;
  return static_cast<uint64_t>((flags.shard_gigabytes > 0 ? flags.shard_gigabytes : kUsualGigabytes) * kGigabyte);
}

// A tensor in memory as it is and as it will be.
void require_memory(uint64_t largest) {
  const uint64_t available = available_bytes();
  if (available == 0 || 2 * largest <= available) return;
  throw RequestError(concat("converting the largest tensor takes ", human_bytes(2 * largest), " of memory, and ",
                            human_bytes(available), " are available"));
}

// The files that are going to be written, and kept from others meanwhile.
std::vector<Destination> destinations(const std::vector<std::filesystem::path>& paths, const ConvertFlags& flags) {
  InputFiles inputs;
  add_checkpoint(inputs, flags.input);
  std::vector<Destination> all;
  for (const std::filesystem::path& path : paths) all.emplace_back(path, flags.overwrite, inputs);
  return all;
}

// int8 is for drawing, so it keeps one net of several.
std::vector<sample::NamedEntry> selected(const checkpoint::WeightsFile& file, const ConvertFlags& flags) {
  std::vector<sample::NamedEntry> entries = sample::named_entries(file);
  if (flags.weights == "all" && flags.dtype != kInt8) {
    std::erase_if(entries, [](const auto& entry) { return entry.set == sample::WeightSet::state; });
  } else {
    const auto which = flags.weights == "all"   ? sample::Weights::prefer_ema
                       : flags.weights == "ema" ? sample::Weights::ema
                                                : sample::Weights::trained;
    const sample::WeightSet set = sample::choose(entries, which, file.source());
    std::erase_if(entries, [&](const auto& entry) { return entry.set != set; });
  }
  if (entries.empty()) {
    throw CheckpointError(concat("checkpoint ", quoted(file.source()), ": holds no tensors to convert"));
  }
  for (const auto set : {sample::WeightSet::ema, sample::WeightSet::trained, sample::WeightSet::bare}) {
    const std::string note = sample::note_on_names(entries, set);
    if (!note.empty()) log_info(concat(quoted(file.source()), ": ", note));
  }
  return entries;
}

// Rounding twice would lose more than once, and what int8 has lost no other type brings back.
void require_not_quantised(const checkpoint::WeightsFile& file) {
  for (const checkpoint::StridedEntry& entry : file.entries()) {
    if (entry.dtype == DType::I8) {
      throw CheckpointError(concat("checkpoint ", quoted(file.source()), ": ", printable(entry.name),
                                   " is in int8 already; convert the file that this one was made from"));
    }
  }
}

// What was guessed once need not be guessed again.
void keep_guess(checkpoint::Metadata& metadata, const std::vector<sample::NamedEntry>& selection,
                const std::string& source) {
  if (metadata.contains(sample::kConfigKey)) return;
  for (const auto set : {sample::WeightSet::ema, sample::WeightSet::trained, sample::WeightSet::bare}) {
    const auto guessed = sample::guess_config(sample::shapes_of(selection, set));
    if (!guessed) continue;
    const sample::ModelDescription description = sample::describe_guess(*guessed);
    metadata[sample::kConfigKey] = config::dump(description);
    log_info(concat(quoted(source), " does not say what network it holds, the new file does; ",
                    sample::said_of_guess(description)));
    return;
  }
}

// What the file says of itself. One net alone is nothing that training could resume from. A file of PyTorch Lightning
// has a few keys more, without which it is not one.
checkpoint::Metadata metadata_of(const checkpoint::WeightsFile& file, const std::vector<sample::NamedEntry>& selection,
                                 const ConvertFlags& flags, Target target) {
  checkpoint::Metadata metadata = file.metadata();
  if (flags.weights != "all" || flags.dtype == kInt8) {
    std::erase_if(metadata, [](const auto& each) {
      return each.first.starts_with("pixnerd.") && each.first != sample::kConfigKey && each.first != sample::kStepKey &&
             each.first != kDTypeKey;
    });
  }
  if (flags.dtype == kInt8) metadata[kDTypeKey] = kInt8;
  keep_guess(metadata, selection, file.source());
  if (target != Target::torch) return metadata;
  if (const auto step = sample::read_step(metadata, file.source())) metadata.emplace("global_step", concat(*step));
  metadata.emplace("epoch", "0");
  metadata.emplace("pytorch-lightning_version", "2.0.0");
  return metadata;
}

// One tensor at a time is converted, when its turn comes to be written.
class Converter {
 public:
  Converter(std::shared_ptr<const checkpoint::WeightsFile> file, const std::vector<sample::NamedEntry>& selection,
            const std::string& dtype)
      : file_(std::move(file)) {
    const std::optional<DType> wanted = dtype_named(dtype);
    for (const sample::NamedEntry& each : selection) {
      const DType old = each.entry->dtype;
      if (!checkpoint::is_floating(old)) {
        add(each, old);
      } else if (dtype == kInt8) {
        add_for_int8(each);
      } else {
        add(each, wanted.value_or(old));
      }
    }
    if (dtype == kInt8 && !has_int8()) {
      throw CheckpointError(concat("checkpoint ", quoted(file_->source()), ": has no layers that int8 would round"));
    }
  }

  const std::vector<checkpoint::TensorEntry>& entries() const { return entries_; }

  std::span<const std::byte> bytes(size_t index) {
    const checkpoint::StridedEntry& entry = *sources_[index].entry;
    if (!sources_[index].rounded && entries_[index].dtype == entry.dtype) {
      return checkpoint::row_major_bytes(file_, entry, current_);
    }
    const at::Tensor tensor = checkpoint::tensor_of(file_, entry);
    if (sources_[index].rounded) {
      const nn::QuantisedWeight rounded = nn::quantise_weight(tensor);
      if (!rounded.scales.isfinite().all().item<bool>()) {
        throw CheckpointError(concat("checkpoint ", quoted(file_->source()), ": ",
                                     printable(sources_[index].entry->name), " has a value that is not finite"));
      }
      current_ = entries_[index].dtype == DType::I8 ? rounded.values : rounded.scales;
    } else {
      current_ = tensor.to(checkpoint::scalar_type_of(entries_[index].dtype)).contiguous();
      require_in_range(tensor, entry, entries_[index].dtype);
    }
    file_->require_unchanged();
    return {static_cast<const std::byte*>(current_.const_data_ptr()), current_.nbytes()};
  }

 private:
  // What was a number must not become infinite.
  void require_in_range(const at::Tensor& before, const checkpoint::StridedEntry& entry, DType dtype) const {
    if (current_.isfinite().all().item<bool>()) return;
    const at::Tensor lost = before.isfinite().logical_and(current_.isfinite().logical_not());
    if (!lost.any().item<bool>()) return;
    const double value = before.masked_select(lost)[0].item<double>();
    throw CheckpointError(concat("checkpoint ", quoted(file_->source()), ": ", printable(entry.name), " has the value ",
                                 value, ", which is beyond the range of ", checkpoint::name_of(dtype),
                                 dtype == DType::F16 ? "; use bf16 or f32" : "; keep f64"));
  }

  struct Source {
    const checkpoint::StridedEntry* entry;
    bool rounded;  // to int8: its values, or their scales
  };

  void add(const sample::NamedEntry& each, DType dtype) {
    const auto bytes = checkpoint::bytes_of(static_cast<uint64_t>(each.entry->elements()), dtype);
    entries_.push_back({each.name, dtype, each.entry->shape, nullptr, bytes});
    sources_.push_back({each.entry, false});
  }

  void add_for_int8(const sample::NamedEntry& each) {
    const at::ScalarType type = models::int8_file_type(each.parameter, each.entry->shape);
    if (type != at::kChar) return add(each, type == at::kBFloat16 ? DType::BF16 : DType::F32);
    add(each, DType::I8);
    const int64_t rows = each.entry->shape[0];
    entries_.push_back({concat(each.name, checkpoint::kScaleEnding),
                        DType::F32,
                        {rows},
                        nullptr,
                        static_cast<size_t>(rows) * checkpoint::bytes_of(DType::F32)});
    sources_.push_back({each.entry, true});
    sources_[sources_.size() - 2].rounded = true;
  }

  bool has_int8() const {
    return std::any_of(sources_.begin(), sources_.end(), [](const Source& source) { return source.rounded; });
  }

  std::shared_ptr<const checkpoint::WeightsFile> file_;
  std::vector<checkpoint::TensorEntry> entries_;
  std::vector<Source> sources_;  // one an entry
  at::Tensor current_;
};

void write(const std::filesystem::path& path, Target target, Converter& converter, const checkpoint::Metadata& metadata,
           const ConvertFlags& flags) {
  TerminalProgress progress("converting", "tensors");
  const auto total = std::ssize(converter.entries());
  int64_t done = 0;
  const auto bytes = [&](size_t index) {
    progress.update(done++, total, "");
    return converter.bytes(index);
  };
  if (target == Target::torch) {
    checkpoint::write_torch_file(path, converter.entries(), metadata, bytes);
  } else if (target == Target::safetensors) {
    checkpoint::write_safetensors(path, converter.entries(), metadata, bytes);
  } else {
    checkpoint::write_shards(path, converter.entries(), metadata, shard_bytes(flags), bytes);
  }
  progress.update(total, total, "");
}

void run(const ConvertFlags& flags) {
  const Target target = target_of(flags);
  const std::filesystem::path path = path_of(flags, target);
  std::vector<Destination> kept = destinations({path}, flags);
  const auto file = checkpoint::WeightsFile::open(flags.input, {flags.ignore_unknown});
  if (!flags.dtype.empty()) require_not_quantised(*file);
  const std::vector<sample::NamedEntry> selection = selected(*file, flags);
  const checkpoint::Metadata metadata = metadata_of(*file, selection, flags, target);
  Converter converter(file, selection, flags.dtype);
  uint64_t total = 0, largest = 0;
  for (const checkpoint::TensorEntry& entry : converter.entries()) {
    total += entry.bytes;
    largest = std::max(largest, entry.bytes);
  }
  require_space(path, total);
  require_memory(largest);
  if (target == Target::shards) {
    if (!is_utf8(path.filename().string())) {
      throw RequestError(
          concat(quoted(path), " has a name that is no UTF-8, which the index cannot hold; give OUT another"));
    }
    std::vector<Destination> shards =
        destinations(checkpoint::shard_files(path, converter.entries(), shard_bytes(flags)), flags);
    for (Destination& each : shards) kept.push_back(std::move(each));
  }
  write(path, target, converter, metadata, flags);
  std::cout << path.string() << ": " << converter.entries().size() << " tensors, " << human_bytes(total) << std::endl;
}

}  // namespace

void add_convert(CLI::App& program) {
  add_command<ConvertFlags>(program, "convert", "write a checkpoint in another format or dtype", define, run);
}

}  // namespace pixnerd::cli
