# The latent space, coloured by the true angle and by the true velocity ("the barrel").
# gnuplot -e "input='states.tsv'; output='latent.png'" latent.gp
# input: TSV with names in the first line, among them z1 z2 z3 angle velocity (z_1 or s_angle will do too).

if (!exists("input") || !exists("output")) exit error "usage: gnuplot -e \"input='states.tsv'; output='latent.png'\" latent.gp"

# The number of the column whose name matches a regular expression.
find(name) = int(system(sprintf("awk -F'\\t' 'NR == 1 { for (i = NF; i > 0; i--) if ($i ~ /%s/) c = i; print c + 0 }' '%s'", name, input)))
z1 = find("^z[_.[]?1]?$")
z2 = find("^z[_.[]?2]?$")
z3 = find("^z[_.[]?3]?$")
angle = find("(^|[_.])angle$")
velocity = find("(^|[_.])velocity$")
if (z1 * z2 * z3 * angle * velocity == 0) exit error sprintf("%s: expected columns z1, z2, z3, angle and velocity", input)

set datafile separator tab
set datafile missing "nan"
set terminal pngcairo size 1400,640 font "DejaVu Sans,12" background rgb "white"
set output output

stats input using (abs(column(velocity))) every ::1 name "speed" nooutput
wrapped(phi) = atan2(sin(phi), cos(phi))

unset key
set border 31 linecolor rgb "#909090"
set grid xtics ytics ztics linecolor rgb "#e0e0e0"
set xyplane relative 0
set view 64, 38, 1.06, 1.1
set tics font ",10" textcolor rgb "#505050" offset 0, -0.2
set xlabel "z_1" offset 0, -0.6
set ylabel "z_2" offset 0, -0.6
set zlabel "z_3" offset 2.4, 0
set hidden3d front # nearer points cover those behind
set style line 1 pointtype 7 pointsize 0.45

set multiplot

# An angle comes round: the palette ends in the colour that it begins with.
set palette defined (0 "#c2453f", 1 "#d99a2b", 2 "#8fb03a", 3 "#2f9e77", 4 "#3488b8", 5 "#6a62c4", 6 "#b04a9a", 7 "#c2453f")
set cbrange [-pi:pi]
set cbtics ("−π" -pi, "−π/2" -pi/2, "0" 0, "π/2" pi/2, "π" pi) nomirror
set title "true angle (0: upright)" font ",14"
set size 0.48, 1
set origin 0.0, 0
set colorbox user origin 0.455, 0.28 size 0.012, 0.46
splot input using z1:z2:z3:(wrapped(column(angle))) every ::1 with points linestyle 1 linecolor palette

set palette defined (0 "#1d4f91", 1 "#4f9ac7", 2 "#bcbcbc", 3 "#e08b55", 4 "#a1202c")
set cbrange [-speed_max:speed_max]
set cbtics autofreq
set title "true velocity (rad/s)" font ",14"
set origin 0.5, 0
set colorbox user origin 0.955, 0.28 size 0.012, 0.46
splot input using z1:z2:z3:velocity every ::1 with points linestyle 1 linecolor palette

unset multiplot
