# An arm's episodes: frames of the first six beside their goals, and how far the fingertip is from its goal over time, of all episodes.
# gnuplot -e "folder='work/figures/figure-7'; output='figure-7.png'" reach.gp
# It reads reach.frames.png, goals.frames.png, reach.tracks (time, distance) and reach.tsv (judgement) in the folder.

if (!exists("folder") || !exists("output")) exit error "usage: gnuplot -e \"folder='…'; output='…'\" reach.gp"

set terminal pngcairo size 1200, 860 font "DejaVu Sans,12" background rgb "white"
set output output
unset key
good = system(sprintf("grep -c 'yes$' %s/reach.tsv || true", folder))
all = system(sprintf("grep -c '^episode-' %s/reach.tsv || true", folder))

set multiplot
unset tics
unset border
set lmargin 0
set rmargin 0
set tmargin 0
set bmargin 0
set size 0.1, 0.56
set origin 0.03, 0.39
set size ratio -1
set title "goals"
plot folder . "/goals.frames.png" binary filetype=png with rgbimage
set size 0.82, 0.56
set origin 0.15, 0.39
set title "six episodes, every fifth frame"
plot folder . "/reach.frames.png" binary filetype=png with rgbimage

set size noratio
set size 0.87, 0.24
set origin 0.09, 0.07
set border 3 linecolor rgb "#707070"
set xtics nomirror textcolor rgb "#505050" font ",9"
set ytics nomirror textcolor rgb "#505050" font ",9"
set grid linecolor rgb "#e8e8e8"
set title sprintf("%s of %s fingertips are within 2 cm of their goals in the last 10 steps", good, all)
set xlabel "seconds"
set ylabel "distance (m)"
set yrange [0:*]
plot folder . "/reach.tracks" using 1:2 with lines linewidth 0.5 linecolor rgb "#803488b8", 0.02 with lines dashtype 2 linecolor rgb "black"
unset multiplot
