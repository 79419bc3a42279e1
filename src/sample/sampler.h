// A request to pictures: batches of noise carried along the flow by a network.
#pragma once

#include <cstdint>
#include <functional>

#include "core/progress.h"
#include "image/image.h"
#include "models/network.h"
#include "sample/request.h"

namespace pixnerd::sample {

// Picture `index` of the request; called in order.
using ImageSink = std::function<void(int64_t index, image::Image)>;

// x_t of picture `index` after step `step`, both from 0: a frame of how it comes out of noise. Called for every step of
// every picture, steps in order within a picture.
using FrameSink = std::function<void(int64_t index, int64_t step, image::Image)>;

// RequestError for sizes, the first one and the one it is decoded at, that this network has no answer to.
void check_sizes(const models::ModelConfig& config, const SampleConfig& settings);

// RequestError for settings and sizes that this network has no answer to, for numbers beyond diffusion/limits.h and for
// a network that does not draw RGB: what can be told of a request before its texts are encoded.
void check_settings(const models::Network& network, const Request& request);

// RequestError for settings, sizes and labels that this network has no answer to, and for a network that does not draw
// RGB. sample_images() begins with it; call it earlier to know before other work is done.
void check(const models::Network& network, const Request& request);

// Draws every picture on the network's device, which must be in Mode::infer. Progress counts steps of single pictures:
// pictures times steps in all. Throws RequestError as check(), when the network was prepared for another precision than
// the request's, and when a picture is not finite, with its number and step. What a sink or the progress throws ends
// the work and is passed on.
//
// Threads: the sinks and the progress are called from the calling thread. Several calls may share one network.
void sample_images(models::Network& network, const Request& request, const ImageSink& sink, Progress& progress,
                   const FrameSink& frames = {});

// The pictures first .. first + count - 1 of the request alone, or those of them that there are. Progress is that of
// the whole request.
void sample_part(models::Network& network, const Request& request, int64_t first, int64_t count, const ImageSink& sink,
                 Progress& progress, const FrameSink& frames = {});

}  // namespace pixnerd::sample
