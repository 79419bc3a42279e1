# Called by search.py with out, rows and names: how near the careful pictures, and how good, against the time a picture
# takes. Blocks of `rows`: milliseconds, distance, KD, its half width, label; the last block is of single settings.
set terminal pngcairo size 1100,1000 font "DejaVu Sans,10" background "white"
set output out
set multiplot layout 2,1
set logscale x
set xtics (10, 15, 20, 30, 40, 60, 80, 100, 150, 200, 300, 400, 600, 800)
set xlabel "milliseconds a picture"
set grid lc rgb "#dddddd"
set key outside right top
last = words(names) - 1
set ylabel "distance from the careful pictures"
set logscale y
set yrange [0.01:0.3]
plot for [i=0:last-1] rows index i using 1:2 with linespoints pt 7 title word(names, i + 1), \
     for [i=0:last-1] rows index i using 1:2:5 with labels offset 0,0.8 font ",8" notitle, \
     rows index last using 1:2 with points pt 4 lc rgb "#888888" title word(names, last + 1), \
     rows index last using 1:2:5 with labels left offset 0.8,0 font ",7" tc rgb "#888888" notitle
set ylabel "KD (bars: 95 %)"
unset logscale y
set yrange [*:*]
set yrange [0.01:0.3]
plot for [i=0:last-1] rows index i using 1:3:4 with yerrorlines pt 7 title word(names, i + 1), \
     for [i=0:last-1] rows index i using 1:3:5 with labels offset 0,0.8 font ",8" notitle, \
     rows index last using 1:3:4 with yerrorbars pt 4 lc rgb "#888888" title word(names, last + 1)
