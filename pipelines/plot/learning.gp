# A training by constrained optimisation: λ, distortion and rate over the updates, and the latent space at some of them, by true angle and by true velocity.
# gnuplot -e "folder='work/figures/learning/vhp-dks-co'; row='vhp-dks-co'; output='figure-1.png'" learning.gp
# It reads training.tsv (metrics-table) and snapshots.tsv (snapshots) in the folder.

if (!exists("folder") || !exists("row") || !exists("output")) exit error "usage: gnuplot -e \"folder='…'; row='…'; output='…'\" learning.gp"

set datafile separator tab
set datafile missing "nan"
training = folder . "/training.tsv"
snapshots = folder . "/snapshots.tsv"
cell(row, column) = system(sprintf("awk -F'\\t' 'NR == %d { print $%d }' '%s'", row + 1, column, snapshots))
n = int(system(sprintf("awk 'END { print NR - 1 }' '%s'", snapshots)))
main = real(system(sprintf("awk -F'\\t' 'NR > 1 && $5 == \"main\" { print $1; f = 1; exit } END { if (!f) print 0 }' '%s'", training)))

set terminal pngcairo size 310 * n, 1060 font "DejaVu Sans,12" background rgb "white"
set output output
set multiplot

# ---- λ on the left, nats on the right ----

set size 1, 0.4
set origin 0, 0.6
set border 11 linecolor rgb "#707070"
set xtics nomirror textcolor rgb "#404040"
set ytics nomirror textcolor rgb "#404040"
set y2tics nomirror textcolor rgb "#404040"
set grid xtics ytics linecolor rgb "#e4e4e4"
set logscale xyy2
set format y "10^{%T}"
set format y2 "10^{%T}"
set xlabel "update (10 an epoch)"
set ylabel "λ"
set y2label "nats a sequence"
set lmargin 10
set rmargin 10
set key bottom center
set title sprintf("%s: the price of distortion, distortion above its constant, and rate", row)
stats training using "update" name "update" nooutput
set xrange [update_min:update_max]
if (main > 0) set arrow 1 from main, graph 0 to main, graph 1 nohead dashtype 2 linecolor rgb "#a0a0a0"
if (main > 0) set label 1 " bound met" at main, graph 0.94 left textcolor rgb "#707070" font ",11"
do for [i = 1:n] { set label 10 + i "▲" at real(cell(i, 1)), graph 0.02 center textcolor rgb "#404040" }
plot training using "update":"lambda" axes x1y1 with lines linewidth 2 linecolor rgb "#3488b8" title "λ (left)", \
     training using "update":"distortion" axes x1y2 with lines linewidth 2 linecolor rgb "#c2453f" title "distortion (right)", \
     training using "update":"rate" axes x1y2 with lines linewidth 2 linecolor rgb "#2f9e77" title "rate (right)"

# ---- the latent space ----

reset
set datafile separator tab
set datafile missing "nan"
unset key
unset colorbox
set border 31 linecolor rgb "#b0b0b0"
set xyplane relative 0
set view 64, 38, 1.1, 1.1
set tics format "" scale 0.3
set hidden3d front
set style line 1 pointtype 7 pointsize 0.25
wrapped(phi) = atan2(sin(phi), cos(phi))
angles = 'set palette defined (0 "#c2453f", 1 "#d99a2b", 2 "#8fb03a", 3 "#2f9e77", 4 "#3488b8", 5 "#6a62c4", 6 "#b04a9a", 7 "#c2453f"); set cbrange [-pi:pi]'
speeds = 'set palette defined (0 "#1d4f91", 1 "#4f9ac7", 2 "#bcbcbc", 3 "#e08b55", 4 "#a1202c"); set cbrange [-speed:speed]'
width = 1.0 / n
do for [i = 1:n] {
    states = cell(i, 4)
    stats states using (abs(column("velocity"))) name "s" nooutput
    speed = s_max
    set size width, 0.3
    set origin (i - 1) * width, 0.3
    set title sprintf("update %s, by angle\nR² angle %.3f", cell(i, 1), real(cell(i, 2))) offset 0, -1
    @angles
    splot states using "z1":"z2":"z3":(wrapped(column("angle"))) with points linestyle 1 linecolor palette
    set origin (i - 1) * width, 0
    set title sprintf("update %s, by velocity\nR² velocity %.3f", cell(i, 1), real(cell(i, 3))) offset 0, -1
    @speeds
    splot states using "z1":"z2":"z3":"velocity" with points linestyle 1 linecolor palette
}
unset multiplot
