#include "train/run.h"

#include <cstdio>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/random.h"
#include "core/text.h"
#include "data/image_folder.h"
#include "diffusion/noise.h"
#include "sample/model_file.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

// Streams of core/random.h, so that parameters, draws and data order are independent of each other.
constexpr uint64_t kInitialStream = 1, kDrawStream = 2;

at::Generator generator_for(int64_t seed, uint64_t stream, int64_t step) {
  return diffusion::seeded_generator(random_bits(static_cast<uint64_t>(seed), stream, static_cast<uint64_t>(step)));
}

void prepare_folder(const fs::path& out) {
  if (fs::exists(out) && !fs::is_empty(out)) {
    throw DataError(concat("folder '", out.string(), "' is not empty; give an empty or a new folder for the run"));
  }
  fs::create_directories(out / "checkpoints");
}

void take_class_count(models::C2IConfig& model, const data::ImageFolder& folder, const std::string& path) {
  const auto present = static_cast<int64_t>(folder.classes().size());
  if (model.num_classes == 0) model.num_classes = present;
  if (model.num_classes == present) return;
  throw ConfigError(concat("model.num_classes is ", model.num_classes, ", but '", path, "' has ", present,
                           " class folders; set model.num_classes to ", present, ", or to 0 to take it from the data"));
}

fs::path checkpoint_path(const fs::path& out, int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "step-%08lld.safetensors", static_cast<long long>(step));
  return out / "checkpoints" / name;
}

fs::path save_checkpoint(const fs::path& out, const Trainer& trainer, const sample::ModelDescription& description) {
  checkpoint::NamedTensors tensors;
  for (const auto& [name, tensor] : trainer.parameters()) tensors.emplace_back("denoiser." + name, tensor.detach());
  for (const auto& [name, tensor] : trainer.averaged_parameters()) tensors.emplace_back("ema_denoiser." + name, tensor);
  const fs::path path = checkpoint_path(out, trainer.steps_taken());
  checkpoint::save_safetensors(path, tensors, sample::describe(description, trainer.steps_taken()));
  return path;
}

}  // namespace

RunSummary run(RunConfig config, const fs::path& out, Progress& progress) {
  const data::ImageFolder folder = data::ImageFolder::open(config.data.path);
  take_class_count(config.model, folder, config.data.path);
  prepare_folder(out);
  write_file_atomically(out / "config.yaml", [&](std::ostream& file) { file << config::dump(config); });
  const sample::ModelDescription description{config.model, config.sample, folder.classes()};

  const auto network = models::make_network(config.model);
  at::Generator initial = generator_for(config.train.seed, kInitialStream, 0);
  network->initialise(initial);
  Trainer trainer(network, config.train, config.flow);
  data::BatchLoader loader(folder, config.data, config.train.batch_size, static_cast<uint64_t>(config.train.seed));

  RunSummary summary;
  for (int64_t step = 0; step < config.train.steps; ++step) {
    const data::Batch batch = loader.next();
    at::Generator generator = generator_for(config.train.seed, kDrawStream, step);
    summary.last = trainer.step(batch, diffusion::draw(config.flow, batch.images, generator));
    progress.update(summary.last.step, config.train.steps,
                    concat("loss ", summary.last.loss, ", gradient norm ", summary.last.gradient_norm));
    if (summary.last.step % config.train.checkpoint_every == 0 || summary.last.step == config.train.steps) {
      summary.checkpoint = save_checkpoint(out, trainer, description);
    }
  }
  summary.broken_pictures = loader.broken();
  return summary;
}

}  // namespace pixnerd::train
