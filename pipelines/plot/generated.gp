# Models in rows: z_1 drawn from the prior, z_1 drawn from the beliefs about unseen sequences, generated sequences.
# gnuplot -e "folder='work/figures'; rows='vhp-ekvae-co ekvae-co'; output='figure-2.png'" generated.gp
# Of each row it reads folder/row/prior.tsv and posterior.tsv (columns z1, z2) and generated.png.

if (!exists("folder") || !exists("rows") || !exists("output")) exit error "usage: gnuplot -e \"folder='…'; rows='…'; output='…'\" generated.gp"

n = words(rows)
set datafile separator tab
set terminal pngcairo size 1320, 330 * n font "DejaVu Sans,12" background rgb "white"
set output output
unset key
set border 3 linecolor rgb "#707070"
set grid linecolor rgb "#e8e8e8"
set style line 1 pointtype 7 pointsize 0.5 linecolor rgb "#c2453f"
set style line 2 pointtype 7 pointsize 0.5 linecolor rgb "#3488b8"

set multiplot
do for [i = 1:n] {
    row = word(rows, i)
    prior = sprintf("%s/%s/prior.tsv", folder, row)
    posterior = sprintf("%s/%s/posterior.tsv", folder, row)
    stats posterior using "z1":"z2" name "p" nooutput
    stats prior using "z1":"z2" name "q" nooutput
    most(a, b) = a > b ? a : b
    reach = 1.1 * most(most(most(-p_min_x, p_max_x), most(-p_min_y, p_max_y)), most(most(-q_min_x, q_max_x), most(-q_min_y, q_max_y)))
    bottom = 1 - real(i) / n
    height = 0.98 / n

    set size ratio 1
    set xrange [-reach:reach]
    set yrange [-reach:reach]
    set xlabel "z_1" offset 0, 0.5
    set ylabel "z_2" offset 1.5, 0
    set xtics nomirror textcolor rgb "#505050" font ",9"
    set ytics nomirror textcolor rgb "#505050" font ",9"
    set size 0.25, height
    set origin 0, bottom
    set title sprintf("%s: from the prior", row)
    plot prior using "z1":"z2" with points linestyle 1
    set origin 0.25, bottom
    set title "from the beliefs"
    plot posterior using "z1":"z2" with points linestyle 2

    # a square of 1 has no place for a sheet of frames: its own shape
    set size noratio
    set size 0.5, height
    set origin 0.5, bottom
    set title "generated sequences"
    unset xlabel
    unset ylabel
    unset tics
    unset border
    set autoscale xy
    set size ratio -1
    plot sprintf("%s/%s/generated.png", folder, row) binary filetype=png with rgbimage
    set border 3 linecolor rgb "#707070"
}
unset multiplot
