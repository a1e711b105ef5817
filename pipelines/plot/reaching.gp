# Episodes of an arm as an animated GIF: each beside its goal.
# gnuplot -e "frames='reach.bytes'; episodes=3; steps=60; output='reach.gif'" reaching.gp
# frames: for each episode its goal and then its steps, as pictures of 64·64 RGB pixels.

if (!exists("frames") || !exists("episodes") || !exists("steps") || !exists("output")) exit error "usage: gnuplot -e \"frames='…'; episodes=…; steps=…; output='…'\" reaching.gp"

size = 64
one = size * size * 3
set terminal gif animate optimize delay 8 loop 0 size 420, 160 font "DejaVu Sans,9" background rgb "white"
set output output
unset key
unset tics
unset border
unset colorbox
set lmargin 0; set rmargin 0; set tmargin 0; set bmargin 0
set xrange [-0.5:size - 0.5]
set yrange [size - 0.5:-0.5]
do for [k = 0:episodes - 1] {
    do for [i = 0:steps - 1:2] {
        set multiplot
        set size 0.36, 0.86
        set origin 0.02, 0.02
        set title "goal" offset 0, -0.6
        plot frames binary array=(size, size) format="%uchar%uchar%uchar" skip=k * (steps + 1) * one using 1:2:3 with rgbimage pixels
        set origin 0.5, 0.02
        set title sprintf("episode %d, %.1f s", k + 1, 0.04 * i) offset 0, -0.6
        plot frames binary array=(size, size) format="%uchar%uchar%uchar" skip=(k * (steps + 1) + 1 + i) * one using 1:2:3 with rgbimage pixels
        unset multiplot
    }
}
unset output
