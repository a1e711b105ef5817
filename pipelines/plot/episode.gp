# An episode as an animated GIF: what the policy sees, and the angle so far.
# gnuplot -e "frames='swing-up.bytes'; size=16; tracks='swing-up.tracks'; output='swing-up.gif'" episode.gp
# frames: grey pictures of size·size bytes, one behind the other; tracks: time, a number, and the angle, of which the first block is that of the pictures.

if (!exists("frames") || !exists("size") || !exists("tracks") || !exists("output")) exit error "usage: gnuplot -e \"frames='…'; size=…; tracks='…'; output='…'\" episode.gp"

stats tracks using 1 every :::0::0 name "t" nooutput
steps = int(t_records)
set terminal gif animate optimize delay 10 loop 0 size 440, 180 font "DejaVu Sans,9" background rgb "white"
set output output
unset key
set palette gray
set cbrange [0:255]
unset colorbox
do for [i = 0:steps - 1:2] {
    set multiplot
    set lmargin 0; set rmargin 0; set tmargin 0; set bmargin 0
    unset border; unset tics; unset xlabel; unset ylabel; unset grid
    set size noratio
    set size 0.375, 0.9
    set origin 0.02, 0.05
    set xrange [-0.5:size - 0.5]
    set yrange [size - 0.5:-0.5]
    plot frames binary array=(size, size) format="%uchar" skip=i * size * size using 1 with image pixels
    set size 0.41, 0.7
    set origin 0.56, 0.22
    set border 3 linecolor rgb "#707070"
    set xtics nomirror textcolor rgb "#505050"
    set ytics 90 nomirror textcolor rgb "#505050"
    set xlabel "seconds"
    set ylabel "degrees from upright"
    set xrange [0:t_max]
    set yrange [-180:180]
    plot tracks using 1:(180 / pi * atan2(sin($3), cos($3))) every ::0:0:i:0 with points pointtype 7 pointsize 0.4 linecolor rgb "#3488b8", 0 with lines linecolor rgb "#a0a0a0"
    unset multiplot
}
unset output
