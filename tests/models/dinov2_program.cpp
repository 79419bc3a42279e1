// What DINOv2 makes of pictures, for dinov2_test.py: dinov2_program WEIGHTS PIXELS OUT
// PIXELS holds "pixels" [B, 3, H, W], as they go into the network; OUT gets "class_token" and "patch_tokens".
#include <exception>
#include <iostream>

#include "checkpoint/tensors.h"
#include "models/dinov2.h"

int main(int count, char** arguments) {
  using namespace pixnerd;
  if (count != 4) return 2;
  try {
    const models::DinoV2 network = models::DinoV2::load(arguments[1]);
    const models::DinoV2Tokens tokens = network(checkpoint::load_safetensors(arguments[2]).tensors.at("pixels"));
    checkpoint::save_safetensors(arguments[3],
                                 {{"class_token", tokens.class_token}, {"patch_tokens", tokens.patch_tokens}}, {});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
