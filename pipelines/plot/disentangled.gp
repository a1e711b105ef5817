# Models in rows: where the angle and where the velocity are in z. If z is disentangled, one of its numbers shows the velocity alone, and the other two
# the angle. Which one that is, no model says: it is the one that goes with the velocity most closely.
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

    array match[3]
    do for [k = 1:3] {
        stats input using sprintf("z%d", k):"velocity" name "m" nooutput
        match[k] = abs(m_correlation)
    }
    v = match[3] >= match[1] && match[3] >= match[2] ? 3 : match[2] >= match[1] ? 2 : 1
    a = v == 1 ? 2 : 1
    b = v == 3 ? 2 : 3
    za = sprintf("z%d", a)
    zb = sprintf("z%d", b)
    zv = sprintf("z%d", v)

    set title sprintf("%s: z_%d, z_%d", word(rows, i), a, b)
    set xlabel sprintf("z_%d", a)
    set ylabel sprintf("z_%d", b)
    @angles
    plot input using za:zb:(wrapped(column("angle"))) with points linestyle 1 linecolor palette

    set title sprintf("z_%d, z_%d", a, v)
    set ylabel sprintf("z_%d", v)
    @speeds
    plot input using za:zv:"velocity" with points linestyle 1 linecolor palette

    set title sprintf("z_%d against the velocity", v)
    set xlabel "true velocity (rad/s)"
    @angles
    plot input using "velocity":zv:(wrapped(column("angle"))) with points linestyle 1 linecolor palette
}
unset multiplot
