# The annealing study: a box for each row (quartiles; whiskers to 1.5 of their distance), every run a dot.
# gnuplot -e "input='study.tsv'; output='study.png'" study.gp
# input: TSV with names in the first line, among them row, r2_velocity and mse_smoothed; the runs of a row stand together.

if (!exists("input") || !exists("output")) exit error "usage: gnuplot -e \"input='study.tsv'; output='study.png'\" study.gp"

set datafile separator tab
set datafile missing "inf"
rows = system(sprintf("awk -F'\\t' 'NR > 1 && !seen[$1]++ { print $1 }' '%s'", input))
n = words(rows)
number(name) = sum [i = 1:n] (word(rows, i) eq name ? i : 0)

set terminal pngcairo size 1100,900 font "DejaVu Sans,12" background rgb "white"
set output output
unset key
set border 3 linecolor rgb "#707070"
set tics nomirror textcolor rgb "#404040"
set grid ytics linecolor rgb "#e4e4e4"
set xrange [0.4:n + 0.6]
set lmargin 12
set rmargin 3
set style data boxplot
set style boxplot nooutliers
set style fill solid 0.25 border
set jitter overlap 0.02 spread 0.15
ending(s) = strlen(s) > 2 ? substr(s, strlen(s) - 1, strlen(s)) : s
colour(i) = ending(word(rows, i)) eq "co" ? 0x2f9e77 : 0x3488b8

set multiplot layout 2, 1
set xtics ("" 1)
do for [i = 1:n] { set xtics add ("" i) }
set bmargin 1
set tmargin 1.5
set yrange [-0.05:1.05]
set ylabel "R² of the velocity"
plot for [i = 1:n] input using (i):(strcol("row") eq word(rows, i) ? column("r2_velocity") : NaN):(0.55) linecolor rgb colour(i), \
     input using (number(strcol("row"))):"r2_velocity" with points pointtype 7 pointsize 0.5 linecolor rgb "#404040"

do for [i = 1:n] { set xtics add (word(rows, i) i) }
set xtics rotate by -25 left
set bmargin 6
set autoscale y
set logscale y
set format y "10^{%T}"
set ylabel "squared error of predictions"
plot for [i = 1:n] input using (i):(strcol("row") eq word(rows, i) ? column("mse_smoothed") : NaN):(0.55) linecolor rgb colour(i), \
     input using (number(strcol("row"))):"mse_smoothed" with points pointtype 7 pointsize 0.5 linecolor rgb "#404040"
unset multiplot
