// Kinds checkpoint, checkpoint_forward and hostile: files that PyTorch and Lightning wrote, and files that nobody
// should.
#include <ATen/ATen.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/memory.h"
#include "core/text.h"
#include "sample/model_file.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

using checkpoint::kNoValue;
using checkpoint::PickleValues;
using checkpoint::ValueId;
using checkpoint::ValueKind;
using checkpoint::WeightsFile;
using nlohmann::json;

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  const at::Tensor x = a.contiguous(), y = b.contiguous();
  return x.numel() == 0 || std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

std::string without(std::string name, std::string_view ending) {
  if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  return name;
}

void compare_tensors(Case& golden, const std::shared_ptr<const WeightsFile>& file) {
  const auto expect = [&](const std::string& name, const at::Tensor& expected) {
    const checkpoint::StridedEntry* entry = file->find(name);
    golden.require(concat(name, " is there"), entry != nullptr);
    if (entry == nullptr) return;
    golden.require(concat(name, " has the same bits"), same_bits(checkpoint::tensor_of(file, *entry), expected));
  };
  const auto expected = golden.with_prefix("sd.");
  for (const auto& [name, tensor] : expected) expect("state_dict/" + without(name, "_f64"), tensor);
  for (const auto& [name, tensor] : golden.with_prefix("opt.")) {  // exp_avg.0: of parameter 0
    const size_t dot = name.rfind('.');
    expect(concat("optimizer_states/0/state/", name.substr(dot + 1), "/", name.substr(0, dot)), tensor);
  }
  const auto in_state_dict = std::count_if(file->entries().begin(), file->entries().end(),
                                           [](const auto& entry) { return entry.name.starts_with("state_dict/"); });
  golden.require("the state_dict has no other tensors", in_state_dict == static_cast<int64_t>(expected.size()));
}

// A value of the pickle against the same one in JSON.
bool equals(const PickleValues& values, ValueId id, const json& expected) {
  if (id == kNoValue) return false;
  if (expected.is_null()) return values.is(id, ValueKind::none);
  if (expected.is_boolean()) return values.is(id, ValueKind::boolean) && values.boolean(id) == expected.get<bool>();
  if (expected.is_number_integer()) {
    return values.is(id, ValueKind::integer) && values.integer(id) == expected.get<int64_t>();
  }
  if (expected.is_number()) return values.is(id, ValueKind::real) && values.real(id) == expected.get<double>();
  if (expected.is_string()) return values.is(id, ValueKind::text) && values.text(id) == expected.get<std::string>();
  const auto items = values.items(id);
  if (expected.is_object()) {
    if (!values.is(id, ValueKind::dict) || items.size() != 2 * expected.size()) return false;
    return std::all_of(expected.items().begin(), expected.items().end(),
                       [&](const auto& each) { return equals(values, values.find(id, each.key()), each.value()); });
  }
  if (!values.is(id, ValueKind::list) && !values.is(id, ValueKind::tuple)) return false;
  if (items.size() != expected.size()) return false;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!equals(values, items[i], expected[i])) return false;
  }
  return true;
}

// The value of a dict under a key that is text, or a whole number written as text.
ValueId find(const PickleValues& values, ValueId dict, const std::string& key) {
  const auto pairs = values.items(dict);
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (values.is(pairs[i], ValueKind::integer) && concat(values.integer(pairs[i])) == key) return pairs[i + 1];
  }
  return values.find(dict, key);
}

// The layout in words: values as Python prints them, "dict" for a dict whose content is left out, "84 tensors". Long
// dicts and lists are cut.
bool has_layout(const PickleValues& values, ValueId id, const json& layout) {
  if (id == kNoValue) return false;
  if (layout.is_string()) {
    const auto text = layout.get<std::string>();
    if (text == "dict") return values.is(id, ValueKind::dict);
    if (text.ends_with(" tensors")) {
      return values.is(id, ValueKind::dict) && concat(values.items(id).size() / 2, " tensors") == text;
    }
    if (values.is(id, ValueKind::text)) return concat("'", values.text(id), "'") == text;
    if (values.is(id, ValueKind::boolean)) return text == (values.boolean(id) ? "True" : "False");
    if (values.is(id, ValueKind::integer)) return text == concat(values.integer(id));
    return values.is(id, ValueKind::none) && text == "None";
  }
  const auto items = values.items(id);
  if (layout.is_object()) {
    if (!values.is(id, ValueKind::dict) || items.size() < 2 * layout.size()) return false;
    return std::all_of(layout.items().begin(), layout.items().end(), [&](const auto& each) {
      return has_layout(values, find(values, id, each.key()), each.value());
    });
  }
  if (!values.is(id, ValueKind::list) || items.size() < layout.size()) return false;
  for (size_t i = 0; i < layout.size(); ++i) {
    if (!has_layout(values, items[i], layout[i])) return false;
  }
  return true;
}

void compare_values(Case& golden, const WeightsFile& file) {
  const json& config = golden.config();
  const PickleValues& values = file.pickle()->values;
  const ValueId root = file.pickle()->root;
  if (config.contains("layout")) {
    golden.require("the layout is the one stated", has_layout(values, root, config.at("layout")));
  }
  for (const char* key : {"hyper", "global_step", "epoch"}) {
    if (config.contains(key)) golden.require(key, equals(values, values.find(root, key), config.at(key)));
  }
}

// What the file `must` do, in words: "load", "refuse ...", or either of both.
void try_hostile(Case& golden, const std::filesystem::path& path, const std::string& must, bool ignore_unknown) {
  const std::string name = path.filename().string();
  try {
    const auto file = WeightsFile::open(path, {ignore_unknown});
    for (const auto& entry : file->entries()) checkpoint::tensor_of(file, entry).sum();
    golden.require(concat(name, " is refused"), ignore_unknown || !must.starts_with("refuse with"));
  } catch (const CheckpointError& error) {
    golden.require(concat(name, " loads: ", error.what()), must != "load");
  }
}

}  // namespace

void run_checkpoint(Case& golden) {
  for (const char* key : {"checkpoint", "also"}) {
    if (!golden.config().contains(key)) continue;
    const auto file = WeightsFile::open(golden.folder() / golden.config().at(key).get<std::string>());
    compare_tensors(golden, file);
    compare_values(golden, *file);
  }
}

void run_checkpoint_forward(Case& golden) {
  const auto which = golden.config().at("prefix") == "denoiser." ? sample::Weights::trained : sample::Weights::ema;
  const auto model = sample::load_model(golden.folder() / golden.config().at("checkpoint").get<std::string>(), which);
  golden.require("the configuration is guessed",
                 config::dump(model.network->config()) == config::dump(model_config(golden.config())));
  const at::Tensor v = model.network->velocity(golden.tensor("in.x"), golden.tensor("in.t"), golden.tensor("in.y"));
  golden.compare("velocity", v, golden.tensor("out.velocity"), golden.tolerance("out"));
}

void run_hostile(Case& golden) {
  constexpr uint64_t kMostMemory = 1'000'000'000;
  const uint64_t before = resident_bytes();
  reset_peak_resident();
  std::ifstream list(golden.file());
  for (const json& entry : json::parse(list)) {
    const std::filesystem::path path = golden.folder() / entry.at("file").get<std::string>();
    for (const bool ignore_unknown : {false, true}) {
      try_hostile(golden, path, entry.at("must").get<std::string>(), ignore_unknown);
    }
    for (const std::filesystem::path& folder :
         {std::filesystem::path("."), path.parent_path(), path.parent_path() / "..", std::filesystem::path("/tmp")}) {
      golden.require(concat("nothing of ", path.filename().string(), " was run"),
                     !std::filesystem::exists(folder / "pwned"));
    }
  }
  golden.require("memory is bounded", peak_resident_bytes() < before + kMostMemory);
}

}  // namespace pixnerd::parity
