# The state space of a reacher's model: above the numbers of z that a single frame shows, coloured by both true angles; below the others, coloured by both
# true velocities. If it is disentangled, the angles are in the first and the velocities in the others.
# gnuplot -e "input='states.tsv'; positions=3; title='rgb-vhp-ekvae-co'; output='figure-3.png'" reacher.gp
# input: TSV with the columns z1, z2, …, angle1, angle2, velocity1, velocity2; positions: how many numbers a frame shows, 2 or 3 (with more, the first three).

if (!exists("input") || !exists("output") || !exists("positions")) exit error "usage: gnuplot -e \"input='…'; positions=3; title='…'; output='…'\" reacher.gp"
if (!exists("title")) title = ""

set datafile separator tab
set datafile missing "nan"
set terminal pngcairo size 1300, 1180 font "DejaVu Sans,12" background rgb "white"
set output output
unset key
set border 31 linecolor rgb "#909090"
set tics nomirror textcolor rgb "#505050" font ",9"
set grid xtics ytics ztics linecolor rgb "#e8e8e8"
set xyplane relative 0
set view 64, 38, 1.06, 1.1
set hidden3d front # nearer points cover those behind
set style line 1 pointtype 7 pointsize 0.3
wrapped(phi) = atan2(sin(phi), cos(phi))
circle = 'set palette defined (0 "#c2453f", 1 "#d99a2b", 2 "#8fb03a", 3 "#2f9e77", 4 "#3488b8", 5 "#6a62c4", 6 "#b04a9a", 7 "#c2453f"); ' . \
         'set cbrange [-pi:pi]; set cbtics ("−π" -pi, "0" 0, "π" pi)'
line = 'set palette defined (0 "#1d4f91", 1 "#4f9ac7", 2 "#bcbcbc", 3 "#e08b55", 4 "#a1202c"); set cbrange [-most:most]; set cbtics autofreq'

stats input using (abs(column("angle2"))) name "wrist" nooutput
array speed[2]
do for [k = 1:2] {
    stats input using (abs(column(sprintf("velocity%d", k)))) name "v" nooutput
    speed[k] = v_max
}
z(k) = sprintf("z%d", k)
label(k) = sprintf("z_%d", k)
p = positions + 1 # the first of the others
q = positions + 2

set multiplot layout 2, 2 title title font ",14"

set xlabel label(1)
set ylabel label(2)
do for [k = 1:2] {
    angle = sprintf("angle%d", k)
    set title sprintf("true angle of the %s", word("shoulder wrist", k))
    most = wrist_max
    # the shoulder turns freely, the wrist has ends
    if (k == 1) { @circle } else { @line }
    if (positions > 2) {
        set zlabel label(3) offset 3, 0
        splot input using z(1):z(2):z(3):(k == 1 ? wrapped(column(angle)) : column(angle)) with points linestyle 1 linecolor palette
    } else {
        plot input using z(1):z(2):(k == 1 ? wrapped(column(angle)) : column(angle)) with points linestyle 1 linecolor palette
    }
}

set xlabel label(p)
set ylabel label(q)
do for [k = 1:2] {
    velocity = sprintf("velocity%d", k)
    set title sprintf("true velocity of the %s (rad/s)", word("shoulder wrist", k))
    most = speed[k]
    @line
    plot input using z(p):z(q):velocity with points linestyle 1 linecolor palette
}
unset multiplot
