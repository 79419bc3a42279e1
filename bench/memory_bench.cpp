// How much memory does drawing a picture take, and was it known before? Each row is a process of its own that reads a
// file of weights, as `pixnerd sample` does, and draws a step or two: more steps take no more. Beside the most that was
// resident stand what the program tells beforehand (models/cost.h) and 1.3 times the weights plus 1 GB.
#include <cstdio>

#include "bench/weights_file.h"
#include "core/memory.h"
#include "measure/child.h"
#include "models/cost.h"
#include "sample/drawing.h"

namespace pixnerd::bench {
namespace {

using models::Precision;

struct Row {
  int64_t size;
  int64_t steps;
  double guidance;
  Precision precision;
};

uint64_t draw(const std::filesystem::path& weights, const Row& row) {
  use_huge_pages();
  const sample::ModelFile file = sample::load_model(weights);
  const models::ModelConfig& config = file.description.model;
  sample::SampleConfig settings = file.description.sample;
  settings.size = {row.size, row.size};
  settings.sampler.solver = diffusion::SolverKind::adams;
  settings.sampler.steps = row.steps;
  settings.sampler.guidance = row.guidance;
  settings.sampler.guidance_interval.reset();
  sample::PictureRequest request;
  if (config.takes_text()) {
    request.prompt = "";
  } else {
    request.label = 0;
  }
  request.settings = std::make_shared<const sample::SampleConfig>(settings);
  sample::DrawSettings drawing;
  drawing.precision = row.precision;
  drawing.states = [&](const std::string&) { return models::blank_condition(config, 1); };
  file.network->prepare_for_inference(at::kCPU, models::weight_type(row.precision));
  keep_freed_memory();
  NoProgress silent;
  sample::draw(
      *file.network, {request}, drawing, [](int64_t, const image::Image&) {}, silent);
  return peak_resident_bytes();
}

void bench(const std::string& model, std::initializer_list<Row> rows) {
  const TemporaryFolder folder;
  const sample::ModelDescription description = builtin_description(model);
  const std::filesystem::path weights = folder.path / "weights.safetensors";
  measure::in_child([&] {
    write_random_weights(description, Precision::bfloat16, weights);
    return std::string();
  });
  std::printf("%-20s %11s %9s %11s %11s %11s %11s\n", model.c_str(), "size", "guidance", "arithmetic", "told before",
              "measured", "1.3 w + 1GB");
  for (const Row& row : rows) {
    const auto grid = models::token_grid(description.model, row.size, row.size);
    const double told = models::sampling_bytes(description.model, grid, row.size, row.size, 1, row.precision);
    const uint64_t found = std::stoull(measure::in_child([&] { return concat(draw(weights, row)); }));
    const double bytes = row.precision == Precision::float32 ? 4 : row.precision == Precision::bfloat16 ? 2 : 1;
    const double limit = 1.3 * models::parameters_of(description.model) * bytes + 1e9;
    const char* arithmetic = models::enum_names(Precision{})[static_cast<size_t>(row.precision)].first;
    std::printf("%-20s %11s %9g %11s %11s %11s %11s\n", "", concat(row.size, " x ", row.size).c_str(), row.guidance,
                arithmetic, human_bytes(static_cast<uint64_t>(told)).c_str(), human_bytes(found).c_str(),
                human_bytes(static_cast<uint64_t>(limit)).c_str());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace pixnerd::bench

int main() {
  using pixnerd::models::Precision;
  pixnerd::bench::bench("imagenet512_XL16", {{256, 2, 3.5, Precision::bfloat16},
                                             {512, 2, 3.5, Precision::bfloat16},
                                             {1024, 2, 3.5, Precision::float32},
                                             {1024, 2, 3.5, Precision::bfloat16},
                                             {1024, 2, 3.5, Precision::int8},
                                             {2048, 1, 3.5, Precision::bfloat16}});
  pixnerd::bench::bench("t2i512_XXL16", {{512, 2, 4, Precision::bfloat16}, {1024, 2, 4, Precision::bfloat16}});
  return 0;
}
