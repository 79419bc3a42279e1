# Called by search.py: rows of milliseconds a picture, KD, its half width, distance, name.
set terminal pngcairo size 1000,820 font "DejaVu Sans,10"
set output out
$rows << EOD
EOD
