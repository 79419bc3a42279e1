// A request that has been understood: by which network, which pictures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/precision.h"
#include "sample/picture.h"
#include "serve/catalogue.h"
#include "serve/draw_request.h"
#include "store/picture_folder.h"

namespace pixnerd::serve {

// What a client may ask for at most.
struct RequestLimits {
  int64_t steps = 250;
  int64_t tokens = 4096;              // of the transformer, for a picture
  int64_t pixels = int64_t{1} << 22;  // of a picture
  int64_t input_pixels = int64_t{1} << 24;
  models::Precision precision = models::Precision::float32;  // where nothing is said
  at::Device device = at::kCPU;                              // that draws, and may lack an arithmetic
};

struct Order {
  const ServedModel* model = nullptr;
  models::Precision precision = models::Precision::float32;
  DrawRequest request;  // with its seed, and pictures by their paths
  std::vector<sample::PictureRequest> pictures;
  std::vector<std::string> inputs;  // hashes of the pictures that were sent
  std::string title;                // what they show, in words
  std::vector<std::string> warnings;
  int64_t steps = 0;  // of all pictures
  int64_t bytes = 0;  // of memory that a picture to draw from takes until all are drawn
};

// Where pictures that were sent are found again: "/api/inputs/" and their hash.
inline constexpr const char* kInputPath = "/api/inputs/";
inline constexpr const char* kInputExtension = "input";
inline constexpr const char* kPicturePath = "/api/pictures/";

// Keeps the pictures that were sent in `folder`. Refusal: what the network cannot draw, beyond the limits, names that
// there are not (with the nearest), pictures that cannot be read. The catalogue must outlive the order.
Order order_of(DrawRequest request, const Catalogue& catalogue, store::PictureFolder& folder,
               const RequestLimits& limits);

// The label of a class or style that is named or numbered. `kind` and `param`: "class" or "style".
int64_t label_of(const config::Value& value, const std::vector<std::string>& names, int64_t count, const char* kind);

}  // namespace pixnerd::serve
