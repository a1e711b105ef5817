# λ, distortion and rate over the updates of a training.
# gnuplot -e "input='training.tsv'; output='training.png'" training.gp
# input: TSV with the columns update, lambda, distortion, rate, phase, names in the first line. The line stands where the phase changes.

if (!exists("input") || !exists("output")) exit error "usage: gnuplot -e \"input='training.tsv'; output='training.png'\" training.gp"

set datafile separator tab
set datafile missing "nan"
set terminal pngcairo size 1000,900 font "DejaVu Sans,12" background rgb "white"
set output output

# The first update whose phase is another than the first line's; 0 if there is none.
main = real(system(sprintf("awk -F'\\t' 'NR == 2 { p = $5 } NR > 2 && $5 != p { print $1; f = 1; exit } END { if (!f) print 0 }' '%s'", input)))

unset key
set border 3 linecolor rgb "#707070"
set tics nomirror textcolor rgb "#404040"
set grid linecolor rgb "#e4e4e4"
set format x ""
set lmargin 12
set rmargin 3
set bmargin 1
set tmargin 1.5
stats input using "update" nooutput name "update"
set xrange [0:update_max]
if (main > 0) set arrow 1 from main, graph 0 to main, graph 1 nohead dashtype 2 linecolor rgb "#a0a0a0"
if (main > 0) set label 1 " main phase" at main, graph 0.94 left textcolor rgb "#707070" font ",11"

set multiplot layout 3, 1

set logscale y
set format y "10^{%T}"
set ylabel "λ"
plot 1 with lines linecolor rgb "#c0c0c0" dashtype 3, input using "update":"lambda" with lines linewidth 2 linecolor rgb "#3488b8"

unset label 1
set ylabel "distortion above its constant (nats)"
plot input using "update":"distortion" with lines linewidth 2 linecolor rgb "#c2453f"

stats input using "rate" nooutput name "rate"
if (!(rate_min > 0 && rate_max > 100 * rate_min)) unset logscale y; set format y "%g"
set format x "%.0f"
set bmargin 3.2
set xlabel "update"
set ylabel "rate (nats)"
plot input using "update":"rate" with lines linewidth 2 linecolor rgb "#2f9e77"

unset multiplot
