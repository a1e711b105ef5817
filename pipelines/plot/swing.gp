# Policies of a pendulum in rows: frames of the first episode above, angles of all episodes below.
# gnuplot -e "folder='work/figures/figure-6'; tasks='swing-up clockwise'; speed=5; output='figure-6.png'" swing.gp
# Of each task it reads TASK.frames.png, TASK.tracks (time, angle since it is judged, angle) and TASK.tsv (judgement) in the folder.

if (!exists("folder") || !exists("tasks") || !exists("speed") || !exists("output")) exit error "usage: gnuplot -e \"folder='…'; tasks='…'; speed=…; output='…'\" swing.gp"

n = words(tasks)
set terminal pngcairo size 1200, 400 * n font "DejaVu Sans,12" background rgb "white"
set output output
unset key
set multiplot
do for [i = 1:n] {
    task = word(tasks, i)
    tracks = sprintf("%s/%s.tracks", folder, task)
    good = system(sprintf("grep -c 'yes$' %s/%s.tsv || true", folder, task))
    all = system(sprintf("grep -c '^episode-' %s/%s.tsv || true", folder, task))
    bottom = 1 - real(i) / n

    set size 0.98, 0.12 / n
    set origin 0.01, bottom + 0.79 / n
    set lmargin 0
    set rmargin 0
    set tmargin 0
    set bmargin 0
    unset tics
    unset border
    unset xlabel
    unset ylabel
    set size ratio -1
    set autoscale xy
    set title sprintf("%s: %s of %s starts; the first one, every fifth frame", task, good, all)
    plot sprintf("%s/%s.frames.png", folder, task) binary filetype=png with rgbimage
    unset title

    set size noratio
    set size 0.9, 0.60 / n
    set origin 0.08, bottom + 0.14 / n
    set border 3 linecolor rgb "#707070"
    set tics nomirror textcolor rgb "#505050" font ",9"
    set grid linecolor rgb "#e8e8e8"
    set xlabel "seconds" offset 0, 0.5
    set xrange [0:8]
    if (task eq "swing-up") {
        set ylabel "degrees from upright"
        set yrange [-180:180]
        set ytics 90
        plot tracks using 1:(180 / pi * atan2(sin($3), cos($3))) with dots linecolor rgb "#3488b8", \
             tracks using 1:(180 / pi * atan2(sin($3), cos($3))) every :::0::0 with points pointtype 7 pointsize 0.5 linecolor rgb "#c2453f"
    } else {
        set ylabel "turns, from 5 s on"
        set autoscale y
        set ytics autofreq
        at = task eq "clockwise" ? speed : -speed
        plot tracks using 1:($2 / (2 * pi)) with lines linewidth 0.5 linecolor rgb "#b03488b8", \
             tracks using 1:($2 / (2 * pi)) every :::0::0 with lines linewidth 2 linecolor rgb "#c2453f", \
             [5:8] at * (x - 5) / (2 * pi) with lines linewidth 2 dashtype 2 linecolor rgb "black"
    }
}
unset multiplot
