// Kinds tables, time_grid and noise: everything that depends on sizes and seeds alone.
#include <ATen/ATen.h>

#include "core/text.h"
#include "diffusion/guidance.h"
#include "diffusion/noise.h"
#include "diffusion/time_grid.h"
#include "nn/positions.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

using Json = nlohmann::json;

// "n5.shift1.0.last0.013", as the case's tensors are named.
std::string grid_name(const Json& grid) {
  const double shift = grid.at("timeshift");
  std::string text = concat(shift);
  if (text.find('.') == std::string::npos) text += ".0";
  std::string name = concat("n", grid.at("num_steps").get<int64_t>(), ".shift", text);
  if (!grid.at("last_step").is_null()) name += concat(".last", grid.at("last_step").get<double>());
  return name;
}

std::optional<double> optional_number(const Json& value) {
  return value.is_null() ? std::nullopt : std::optional<double>(value.get<double>());
}

void compare_guided(Case& golden, const std::string& name, const std::vector<float>& times) {
  for (const auto& [interval, expected] : golden.with_prefix("out.guided." + name + ".lo")) {
    const size_t split = interval.find(".hi");
    const diffusion::Guidance guidance{
        2.0, std::array{std::stod(interval.substr(0, split)), std::stod(interval.substr(split + 3))}};
    std::vector<int64_t> guided;
    for (size_t i = 0; i + 1 < times.size(); ++i) guided.push_back(guidance.active(times[i]) ? 1 : 0);
    golden.compare(concat("guided ", name, ".lo", interval), at::tensor(guided), expected, 0.0);
  }
}

void compare_adams(Case& golden, const std::string& name, const std::vector<float>& times, int64_t order) {
  const std::string key = concat("out.adams_exact.", name, ".order", order, "_f64");
  if (!golden.has(key)) return;
  const auto steps = static_cast<int64_t>(times.size()) - 1;
  const at::Tensor ours = at::zeros({steps, order}, at::kDouble);
  for (int64_t i = 0; i < steps; ++i) {
    const auto row = diffusion::adams_coefficients(times, static_cast<size_t>(i), order);
    for (size_t j = 0; j < row.size(); ++j) ours[i][static_cast<int64_t>(j)] = row[j];
  }
  golden.compare(key, ours, golden.tensor(key), 1e-9);
  const std::string official = concat("out.adams_coeffs.", name, ".order", order);
  if (order <= 2 && golden.has(official)) {
    golden.compare(official, ours, golden.tensor(official), golden.tolerance("adams_coeffs_order_1_2"));
  }
}

std::string shape_name(const std::vector<int64_t>& shape) {
  std::string name;
  for (const int64_t side : shape) name += concat(name.empty() ? "" : "x", side);
  return name;
}

}  // namespace

void run_tables(Case& golden) {
  const double limit = golden.tolerance("out");
  const auto compare = [&](const std::string& name, const at::Tensor& table) {
    golden.compare(name, table, golden.tensor("out." + name), limit);
  };
  for (const auto& [kind, build] : {std::pair{"rope_c2i", &nn::rope_table_c2i}, {"rope_t2i", &nn::rope_table_t2i}}) {
    for (const auto& [d, h, w] : golden.config().at(kind).get<std::vector<std::array<int64_t, 3>>>()) {
      compare(concat(kind, ".d", d, ".h", h, ".w", w), build(h, w, d));
    }
  }
  for (const int64_t p : golden.config().at("dct")) compare(concat("dct.p", p), nn::cosine_product_code(p, p));
  for (const int64_t p : golden.config().at("cosine_plain")) {
    compare(concat("cosine_plain.p", p), nn::cosine_code(p, p, static_cast<double>(p)));
  }
  for (const auto& [h, w] : golden.config().at("cosine_heavy").get<std::vector<std::array<int64_t, 2>>>()) {
    compare(concat("cosine_heavy.p", h, "x", w), nn::cosine_code(h, w, 16.0));
  }
  compare("timestep_embedding", nn::timestep_features(golden.tensor("in.t")));
}

void run_time_grid(Case& golden) {
  for (const Json& grid : golden.config().at("grids")) {
    const std::string name = grid_name(grid);
    const auto times =
        diffusion::time_grid(grid.at("num_steps"), grid.at("timeshift"), optional_number(grid.at("last_step")));
    golden.compare("timesteps." + name, at::tensor(times), golden.tensor("out.timesteps." + name),
                   golden.tolerance("out"));
    compare_guided(golden, name, times);
    for (const int64_t order : golden.config().at("orders")) compare_adams(golden, name, times, order);
  }
}

void run_noise(Case& golden) {
  for (const Json& draw : golden.config().at("draws")) {
    const auto shape = draw.at("shape").get<std::vector<int64_t>>();
    const std::string name = concat("seed", draw.at("seed").get<uint64_t>(), ".", shape_name(shape));
    at::Generator generator = diffusion::seeded_generator(draw.at("seed"));
    const at::Tensor noise = at::randn(shape, generator).flatten();
    const double limit = golden.tolerance("out");
    const at::Tensor first = golden.tensor("out.first32." + name);
    golden.compare("first32." + name, noise.narrow(0, 0, first.size(0)), first, limit);
    golden.compare("last8." + name, noise.narrow(0, noise.size(0) - 8, 8), golden.tensor("out.last8." + name), limit);
    golden.compare("sum." + name,
                   noise.to(at::kDouble).sum().reshape(golden.tensor("out.sum_f64." + name + "_f64").sizes()),
                   golden.tensor("out.sum_f64." + name + "_f64"), 1e-5);
    if (shape.size() != 3) continue;
    diffusion::ImageNoise source({draw.at("seed").get<uint64_t>()});
    golden.compare("an image's noise, " + name, source.draw(shape[0], shape[1], shape[2]).flatten(), noise, 0.0);
  }
}

}  // namespace pixnerd::parity
