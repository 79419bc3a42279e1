"""The sizes of the official repository's configs_c2i/, by pixnerd's names for them."""

SIZES = {
    "imagenet256_L16": dict(hidden_size=1024, num_groups=16, num_blocks=24, num_cond_blocks=22),
    "imagenet256_XL16": dict(hidden_size=1152, num_groups=16, num_blocks=30, num_cond_blocks=28),
}
SOURCE = "src/models/transformer/pixnerd_c2i.py"
