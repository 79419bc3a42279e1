#include "sample/drawing.h"

#include <deque>
#include <exception>
#include <map>
#include <set>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "engine/memory.h"
#include "image/pixels.h"

namespace pixnerd::sample {
namespace {

constexpr int64_t kColours = 3;

// Those that occur.
std::set<std::shared_ptr<const SampleConfig>> settings_of(const std::vector<PictureRequest>& pictures) {
  std::set<std::shared_ptr<const SampleConfig>> settings;
  for (const PictureRequest& picture : pictures) settings.insert(picture.settings);
  return settings;
}

// x [1, 3, H, W] on any device.
image::Image image_of(const at::Tensor& x) {
  const at::Tensor chw = x[0].cpu().contiguous();
  return image::from_model_range(chw.const_data_ptr<float>(), static_cast<int>(chw.size(2)),
                                 static_cast<int>(chw.size(1)));
}

}  // namespace

void check(const models::Network& network, const std::vector<PictureRequest>& pictures) {
  const models::ModelConfig& config = network.config();
  if (config.in_channels != kColours) {
    throw RequestError(concat("the network draws ", config.in_channels, " channels, but a picture has 3"));
  }
  if (std::ssize(pictures) > diffusion::kMostPictures) {
    throw RequestError(concat(pictures.size(), " pictures are asked for, of at most ", diffusion::kMostPictures));
  }
  for (const auto& settings : settings_of(pictures)) {
    engine::require_sizes(config, *settings);
    settings->validate();
  }
  for (const PictureRequest& picture : pictures) check_condition(config, picture);
}

void check_memory(const models::Network& network, models::Precision precision,
                  const std::vector<PictureRequest>& pictures, uint64_t available) {
  constexpr int64_t kStateBytes = 2;  // as the text encoder makes them
  const models::ModelConfig& config = network.config();
  const auto of_a_text = static_cast<double>(config.txt_max_length * config.txt_embed_dim * kStateBytes);
  const double states = config.takes_text() ? static_cast<double>(texts_of(pictures).size()) * of_a_text : 0;
  for (const auto& settings : settings_of(pictures)) {
    engine::require_memory(network, precision, *settings, 1, available, states, "the encoded prompts");
  }
}

// What has become of the pictures that were handed to the engine.
class Drawing::Watch : public engine::Observer {
 public:
  explicit Watch(FrameSink frames) : frames_(std::move(frames)) {}

  void stepped(engine::PictureId id, const engine::Stepped& step) override {
    ++steps;
    if (frames_) frames_(index_of.at(id), step.step - 1, image_of(step.x));
  }

  void done(engine::PictureId id, const at::Tensor& x) override {
    ready.emplace(index_of.at(id), image_of(x));
    index_of.erase(id);
  }

  void failed(engine::PictureId id, std::exception_ptr error) override {
    if (!failure_.second) failure_ = {index_of.at(id), std::move(error)};
  }

  void rethrow() const {
    if (!failure_.second) return;
    try {
      std::rethrow_exception(failure_.second);
    } catch (const RequestError& error) {
      throw RequestError(concat("picture ", failure_.first, ": ", error.what()));
    }
  }

  std::map<engine::PictureId, int64_t> index_of;  // in the engine
  std::map<int64_t, image::Image> ready;
  int64_t steps = 0;

 private:
  FrameSink frames_;
  std::pair<int64_t, std::exception_ptr> failure_;  // the first
};

Drawing::Drawing(models::Network& network, std::vector<PictureRequest> pictures, DrawSettings settings,
                 FrameSink frames)
    : config_(network.config()),
      pictures_(std::move(pictures)),
      states_(std::move(settings.states)),
      watch_(std::make_shared<Watch>(std::move(frames))) {
  if (pictures_.empty()) throw RequestError("no picture is asked for; name at least one class or prompt");
  check(network, pictures_);
  engine::EngineOptions options;
  options.most_together = settings.batch;
  options.available_bytes = settings.available_bytes;
  options.profile = std::move(settings.profile);
  engine_ = std::make_unique<engine::Engine>(network, settings.precision, std::move(options));
  for (size_t i = 0; i < pictures_.size(); ++i) {
    const SampleConfig& each = *pictures_[i].settings;
    in_order_[each.picture_size()].push_back(static_cast<int64_t>(i));
    all_steps_ += each.sampler.steps;
  }
}

Drawing::~Drawing() = default;

std::optional<Drawn> Drawing::next(Progress& progress) {
  if (submitted_ == 0) progress.update(0, all_steps_, "");
  while (true) {
    if (auto drawn = take_ready()) return drawn;
    if (in_order_.empty()) return std::nullopt;
    submit_some();
    engine_->advance();
    watch_->rethrow();
    progress.update(watch_->steps, all_steps_, "");
  }
}

// As many as the engine can put to use, and not the ten million that may be asked for, of which a slow one may hold
// back many.
void Drawing::submit_some() {
  while (submitted_ < pictures_.size()) {
    const PictureRequest& picture = pictures_[submitted_];
    const int64_t together = engine_->together(*picture.settings);
    if (std::ssize(watch_->index_of) >= 2 * together || std::ssize(watch_->ready) >= 8 * together) return;
    const engine::PictureId id = engine_->submit(engine_picture(config_, picture, states_), watch_);
    watch_->index_of[id] = static_cast<int64_t>(submitted_++);
  }
}

std::optional<Drawn> Drawing::take_ready() {
  for (auto& [size, indices] : in_order_) {
    const auto found = watch_->ready.find(indices.front());
    if (found == watch_->ready.end()) continue;
    Drawn drawn{found->first, std::move(found->second)};
    watch_->ready.erase(found);
    indices.pop_front();
    if (indices.empty()) in_order_.erase(size);
    return drawn;
  }
  return std::nullopt;
}

void draw(models::Network& network, std::vector<PictureRequest> pictures, DrawSettings settings,
          const PictureSink& sink, Progress& progress, const FrameSink& frames) {
  Drawing drawing(network, std::move(pictures), std::move(settings), frames);
  while (std::optional<Drawn> drawn = drawing.next(progress)) sink(drawn->index, std::move(drawn->image));
}

}  // namespace pixnerd::sample
