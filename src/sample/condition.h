// What a picture shows, as tensors that the network takes.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "models/config.h"
#include "sample/picture.h"

namespace pixnerd::sample {

// The states [1, N, T] of a text (models/prompt_encoder.h).
using StatesOf = std::function<at::Tensor(const std::string& text)>;

// Those of texts that were encoded before, [K, N, T]; std::out_of_range for another text.
StatesOf states_by_text(const std::vector<std::string>& texts, const at::Tensor& states);

// RequestError for an unknown label or style, and for text for a network of classes and the other way round.
void check_condition(const models::ModelConfig& config, const PictureRequest& picture);

// A picture that has been checked, for the engine. RequestError for states of a shape that the network does not take.
engine::Picture engine_picture(const models::ModelConfig& config, const PictureRequest& picture,
                               const StatesOf& states);

}  // namespace pixnerd::sample
