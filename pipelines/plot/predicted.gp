# Predictions from the smoothed first state and from the filtered fifth, below what happened, and their errors over the steps.
# gnuplot -e "folder='work/figures/vhp-kvae-co'; row='vhp-kvae-co'; output='figure-4.png'" predicted.gp
# It reads smoothed.png, filtered.png and errors.tsv (columns step, smoothed, filtered) in the folder.

if (!exists("folder") || !exists("row") || !exists("output")) exit error "usage: gnuplot -e \"folder='…'; row='…'; output='…'\" predicted.gp"

set datafile separator tab
set datafile missing "nan"
set terminal pngcairo size 1560, 1040 font "DejaVu Sans,12" background rgb "white"
set output output
unset key
set multiplot

unset tics
unset border
set size ratio -1
set size 0.5, 0.64
set origin 0, 0.36
set title sprintf("%s: from the smoothed z_1 (true frames above, predicted below)", row)
plot folder . "/smoothed.png" binary filetype=png with rgbimage
set origin 0.5, 0.36
set title "from the filtered z_5"
plot folder . "/filtered.png" binary filetype=png with rgbimage

set size noratio
set size 0.9, 0.34
set origin 0.05, 0.01
set title "error of the predictions, 500 unseen sequences"
set border 3 linecolor rgb "#707070"
set xtics 1 nomirror textcolor rgb "#404040"
set ytics nomirror textcolor rgb "#404040"
set grid linecolor rgb "#e4e4e4"
set key top left
set logscale y
set format y "10^{%T}"
set xlabel "step"
set ylabel "squared error of a number of x"
stats folder . "/errors.tsv" using "step" name "step" nooutput
set xrange [0.5:step_max + 0.5]
plot folder . "/errors.tsv" using "step":"smoothed" with linespoints pointtype 7 linewidth 2 linecolor rgb "#c2453f" title "from the smoothed z_1", \
     folder . "/errors.tsv" using "step":"filtered" with linespoints pointtype 7 linewidth 2 linecolor rgb "#3488b8" title "from the filtered z_5"
unset multiplot
