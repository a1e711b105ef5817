# Models in rows: where the angle and where the velocity are in z. If z is disentangled, (z_1, z_2) shows the angle alone and z_3 the velocity alone.
# gnuplot -e "folder='work/figures'; rows='vhp-ekvae-co vhp-dvbs-co'; output='figure-5.png'" disentangled.gp
# Of each row it reads folder/row/states.tsv (columns z1, z2, z3, angle, velocity).

if (!exists("folder") || !exists("rows") || !exists("output")) exit error "usage: gnuplot -e \"folder='…'; rows='…'; output='…'\" disentangled.gp"

n = words(rows)
set datafile separator tab
set datafile missing "nan"
set terminal pngcairo size 1560, 460 * n font "DejaVu Sans,12" background rgb "white"
set output output
unset key
set border 3 linecolor rgb "#707070"
set tics nomirror textcolor rgb "#505050" font ",9"
set grid linecolor rgb "#e8e8e8"
set style line 1 pointtype 7 pointsize 0.35
wrapped(phi) = atan2(sin(phi), cos(phi))
angles = 'set palette defined (0 "#c2453f", 1 "#d99a2b", 2 "#8fb03a", 3 "#2f9e77", 4 "#3488b8", 5 "#6a62c4", 6 "#b04a9a", 7 "#c2453f"); ' . \
         'set cbrange [-pi:pi]; set cbtics ("−π" -pi, "0" 0, "π" pi); set cblabel "true angle"'
speeds = 'set palette defined (0 "#1d4f91", 1 "#4f9ac7", 2 "#bcbcbc", 3 "#e08b55", 4 "#a1202c"); ' . \
         'set cbrange [-speed:speed]; set cbtics autofreq; set cblabel "true velocity (rad/s)"'

set multiplot layout n, 3
do for [i = 1:n] {
    input = sprintf("%s/%s/states.tsv", folder, word(rows, i))
    stats input using (abs(column("velocity"))) name "s" nooutput
    speed = s_max

    set title sprintf("%s: z_1, z_2", word(rows, i))
    set xlabel "z_1"
    set ylabel "z_2"
    @angles
    plot input using "z1":"z2":(wrapped(column("angle"))) with points linestyle 1 linecolor palette

    set title "z_1, z_3"
    set ylabel "z_3"
    @speeds
    plot input using "z1":"z3":"velocity" with points linestyle 1 linecolor palette

    set title "z_3 against the velocity"
    set xlabel "true velocity (rad/s)"
    @angles
    plot input using "velocity":"z3":(wrapped(column("angle"))) with points linestyle 1 linecolor palette
}
unset multiplot
