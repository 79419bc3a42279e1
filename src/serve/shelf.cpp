#include "serve/shelf.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <algorithm>
#include <chrono>

#include "checkpoint/content_hash.h"
#include "checkpoint/tensors.h"
#include "config/json.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/timing.h"
#include "engine/profile.h"
#include "models/byte_prompts.h"

namespace pixnerd::serve {
namespace {

constexpr size_t kKeptTexts = 64;
constexpr double kWantedSeconds = 3;  // who waits asks more often
// A file of float32 is mapped and packed once more; one of half the size is mapped and unpacked to twice its size.
constexpr double kBytesPerFileByte = 2.5;

}  // namespace

Shelf::Shelf(ShelfOptions options, std::function<void()> loaded)
    : options_(std::move(options)), notify_(std::move(loaded)) {
  if (options_.text_encoder.empty()) return;
  encoder_of(models::kPromptTokens);  // tells at once what is wrong with the folder
  text_encoder_hash_ = checkpoint::content_hash(options_.text_encoder);
}

Shelf::~Shelf() {
  for (auto& [key, future] : loading_) future.wait();
}

std::shared_ptr<Loaded> Shelf::load(const ServedModel& model, models::Precision precision) const {
  const auto loaded = std::make_shared<Loaded>();
  loaded->file = sample::load_model(model.path);
  if (checkpoint::content_hash(model.path) != model.hash) {
    throw CheckpointError(concat("checkpoint ", quoted(model.path),
                                 " is another one than when the server was started; start it again to serve that"));
  }
  models::Network& network = *loaded->file.network;
  const std::string kind = config::to_json(config::member_value(model.description.model));
  network.prepare_for_inference(options_.device, models::weight_type(precision));
  if (network.config().reads_bytes()) loaded->encoder = std::make_unique<models::BytePrompts>(network);
  loaded->sources = checkpoint::sources_of(network.parameters());
  keep_freed_memory();
  engine::EngineOptions options;
  options.most_together = options_.batch;
  options.available_bytes = available_bytes();
  options.profile = engine::profile_file(
      concat(kind, models::name_of(precision), options_.device.str(), at::get_num_threads(), at::get_cpu_capability()));
  loaded->engine = std::make_unique<engine::Engine>(network, precision, std::move(options));
  sample::PictureRecord& common = loaded->common;
  common.checkpoint = sample::recorded_name(model.path);
  common.checkpoint_hash = model.hash;
  common.step = loaded->file.step;
  common.weights = loaded->file.weights;
  common.dtype = precision;
  common.device = options_.device.str();
  if (model.description.model.needs_text_encoder()) {
    common.text_encoder = sample::recorded_name(options_.text_encoder);
    common.text_encoder_hash = text_encoder_hash_;
  }
  loaded->used = steady_seconds();
  return loaded;
}

bool Shelf::has_room(const ServedModel& model) {
  std::error_code error;
  const auto file_bytes = static_cast<double>(std::filesystem::file_size(model.path, error));
  const double wanted = error ? 0 : kBytesPerFileByte * file_bytes;
  const auto is_idle = [](const auto& entry) { return entry.second->engine->size() == 0; };
  while (true) {
    const auto held = static_cast<int64_t>(networks_.size() + loading_.size());
    const bool is_one_too_many = options_.most_loaded > 0 && held >= options_.most_loaded;
    const uint64_t available = available_bytes();
    if (!is_one_too_many && (available == 0 || static_cast<double>(available) >= wanted)) return true;
    auto oldest = networks_.end();
    for (auto each = networks_.begin(); each != networks_.end(); ++each) {
      if (!is_idle(*each)) continue;
      if (oldest == networks_.end() || each->second->used < oldest->second->used) oldest = each;
    }
    // With nothing else in memory it is tried all the same; the system says how that ends.
    if (oldest == networks_.end()) return held == 0;
    oldest->second->engine->advance();  // says what was cancelled
    log_info(concat("put away ", oldest->first.first, " (", models::name_of(oldest->first.second), ")"));
    networks_.erase(oldest);
    note_loaded();
    release_freed_memory();
  }
}

// A network that always has something to draw would else keep out all others.
bool Shelf::must_rest(const Key& key) const {
  const double now = steady_seconds();
  return waiting_ && waiting_->key != key && now > waiting_->since + options_.patience &&
         now < waiting_->asked + kWantedSeconds;
}

void Shelf::note_waiting(const Key& key) {
  const double now = steady_seconds();
  if (!waiting_ || now > waiting_->asked + kWantedSeconds) waiting_ = Waiting{key, now, now};
  if (waiting_->key == key) waiting_->asked = now;
}

// What somebody has overwritten or cut draws nothing any more; it is read again once its pictures have failed.
void Shelf::put_away_broken(const Key& key) {
  const auto found = networks_.find(key);
  if (found == networks_.end() || found->second->engine->size() > 0) return;
  try {
    checkpoint::require_unchanged(found->second->sources);
  } catch (const CheckpointError& error) {
    log_warning(error.what());
    found->second->engine->advance();
    networks_.erase(found);
    note_loaded();
  }
}

std::shared_ptr<Loaded> Shelf::get(const ServedModel& model, models::Precision precision) {
  const Key key{model.name, precision};
  if (must_rest(key)) return nullptr;
  put_away_broken(key);
  if (const auto found = networks_.find(key); found != networks_.end()) {
    found->second->used = steady_seconds();
    return found->second;
  }
  if (const auto found = loading_.find(key); found != loading_.end()) {
    if (found->second.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return nullptr;
    auto future = std::move(found->second);
    loading_.erase(found);
    const std::shared_ptr<Loaded> network = future.get();
    networks_[key] = network;
    note_loaded();
    log_info(concat("loaded ", model.name, " (", models::name_of(precision), ")"));
    return network;
  }
  if (!has_room(model)) {
    note_waiting(key);
    return nullptr;
  }
  if (waiting_ && waiting_->key == key) waiting_.reset();
  loading_[key] = std::async(std::launch::async, [this, &model, precision] {
    struct Notice {
      const std::function<void()>& call;
      ~Notice() { call(); }
    } const notice{notify_};
    return load(model, precision);
  });
  return nullptr;
}

bool Shelf::advance() {
  if (networks_.empty()) return false;
  auto next = networks_.upper_bound(last_);
  for (size_t i = 0; i < networks_.size(); ++i, ++next) {
    if (next == networks_.end()) next = networks_.begin();
    // One that has no pictures any more may have some to say that they were cancelled.
    if (!next->second->engine->advance()) continue;
    last_ = next->first;
    next->second->used = steady_seconds();
    return true;
  }
  return false;
}

models::Qwen3Prompts& Shelf::encoder_of(int64_t tokens) {
  auto& encoder = encoders_[tokens];
  if (encoder == nullptr) {
    models::Qwen3PromptOptions options;
    options.cache = options_.prompt_cache;
    options.length = tokens;
    options.device = options_.device;
    encoder = std::make_unique<models::Qwen3Prompts>(options_.text_encoder, options);
  }
  return *encoder;
}

EncodedText Shelf::encode(const std::string& text, Loaded& loaded) {
  const models::ModelConfig& network = loaded.file.description.model;
  const std::string key = concat(loaded.encoder ? loaded.common.checkpoint_hash : "", network.txt_max_length, "x",
                                 network.txt_embed_dim, ":", text);
  const auto found = std::find_if(texts_.begin(), texts_.end(), [&](const auto& kept) { return kept.first == key; });
  if (found != texts_.end()) {
    texts_.splice(texts_.begin(), texts_, found);
    return texts_.front().second;
  }
  models::PromptEncoder& encoder = loaded.encoder ? *loaded.encoder : encoder_of(network.txt_max_length);
  models::EncodedPrompts encoded = encoder.encode(std::span(&text, 1), network.txt_embed_dim);
  EncodedText result{std::move(encoded.states), encoded.cut.empty() ? "" : models::describe(encoded.cut.front())};
  texts_.emplace_front(key, result);
  if (texts_.size() > kKeptTexts) texts_.pop_back();
  return result;
}

void Shelf::note_loaded() {
  const std::lock_guard lock(mutex_);
  names_.clear();
  for (const auto& [key, network] : networks_) names_.insert(key.first);
}

std::set<std::string> Shelf::loaded() const {
  const std::lock_guard lock(mutex_);
  return names_;
}

}  // namespace pixnerd::serve
