#include "kernels/peak_tiles.h"

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#define PIXNERD_HAS_TILES 1
#endif

namespace pixnerd::kernels {

#ifdef PIXNERD_HAS_TILES
namespace {

// What the instruction that sets the tiles up reads, as the manual lays it out: eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileShapes {
  uint8_t palette = 1, first_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

bool system_permits_tiles() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, of asm/prctl.h
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool has_tiles() {
  static const bool has = __builtin_cpu_supports("amx-bf16") && system_permits_tiles();
  return has;
}

__attribute__((target("amx-tile,amx-bf16"))) int64_t run_tile_products(int64_t rounds) {
  constexpr int64_t kSums = 6, kOperations = 16 * 16 * 32 * 2;  // rows, columns, inner, multiply and add
  const TileShapes shapes;
  asm volatile("" : : "r"(&shapes) : "memory");  // the intrinsic does not say that it reads all of it
  _tile_loadconfig(&shapes);
  _tile_zero(6);
  _tile_zero(7);
  for (int64_t round = 0; round < rounds; ++round) {
    _tile_dpbf16ps(0, 6, 7);
    _tile_dpbf16ps(1, 6, 7);
    _tile_dpbf16ps(2, 6, 7);
    _tile_dpbf16ps(3, 6, 7);
    _tile_dpbf16ps(4, 6, 7);
    _tile_dpbf16ps(5, 6, 7);
  }
  _tile_release();
  return rounds * kSums * kOperations;
}
#else
bool has_tiles() {
  return false;
}

int64_t run_tile_products(int64_t) {
  return 0;
}
#endif

}  // namespace pixnerd::kernels
