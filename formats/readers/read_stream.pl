#!/usr/bin/env perl
# Reads a stream (formats/stream.md) with core modules alone and prints a summary.
# usage: perl read_stream.pl [FILE]
# A map becomes a hash, a list an array; an array {shape => [...], data => [numbers in row-major order]}.
use strict;
use warnings;
use Compress::Raw::Zlib ();    # for crc32; core since Perl 5.10
use Encode ();

# Perl's letter for one number, and its size. "<" is little endian.
my %type = ('<f4' => ['f<', 4], '<f8' => ['d<', 8], '<i4' => ['l<', 4], '<i8' => ['q<', 8], '<u2' => ['S<', 2], '|u1' => ['C', 1], '|b1' => ['C', 1]);
my %number = (0xca => ['f>', 4], 0xcb => ['d>', 8], 0xcc => ['C', 1], 0xcd => ['n', 2], 0xce => ['N', 4], 0xcf => ['Q>', 8],
              0xd0 => ['c', 1], 0xd1 => ['s>', 2], 0xd2 => ['l>', 4], 0xd3 => ['q>', 8]);
my %length = (0xc4 => 1, 0xc5 => 2, 0xc6 => 4, 0xc7 => 1, 0xc8 => 2, 0xc9 => 4, 0xd9 => 1, 0xda => 2, 0xdb => 4, 0xdc => 2, 0xdd => 4, 0xde => 2, 0xdf => 4);
my ($file, $crc, $left, $count) = (\*STDIN, 0, 0, 0);

sub refuse { my ($status, $text) = @_; print STDERR "read_stream.pl: $text\n"; exit $status }

sub take {
    my ($n) = @_;
    refuse(3, 'S2: a message of more than 64 MiB') if ($left -= $n) < 0;
    my $data = '';
    refuse(5, "ended after record $count, before its trailer") if $n && (read($file, $data, $n) // 0) < $n;
    $crc = Compress::Raw::Zlib::crc32($data, $crc);
    return $data;
}

sub message {
    $left = 64 << 20;
    my $c = ord take(1);
    refuse(3, 'S1: expected a map') unless ($c & 0xf0) == 0x80 || $c == 0xde || $c == 0xdf;
    return value($c, 1);
}

sub value {
    my ($c, $depth) = @_;
    refuse(3, 'S2: nested too deeply') if $depth > 32;
    return $c if $c < 0x80;
    return $c - 256 if $c >= 0xe0;
    return undef if $c == 0xc0;
    return \($c - 0xc2) if $c == 0xc2 || $c == 0xc3;    # a truth is a reference, so that it is not taken for a number
    return unpack($number{$c}[0], take($number{$c}[1])) if $number{$c};
    return {ext => take(1 + (1 << $c - 0xd4))} if $c >= 0xd4 && $c <= 0xd8;
    my $n = $c < 0xa0 ? $c & 15 : $c < 0xc0 ? $c & 31 : $length{$c} ? hex unpack('H*', take($length{$c})) : refuse(3, 'no msgpack value');
    return text(take($n)) if $c >= 0xa0 && $c < 0xc0 || $c >= 0xd9 && $c <= 0xdb;
    return {bin => take($n)} if $c >= 0xc4 && $c <= 0xc6;
    return {ext => take($n + 1)} if $c >= 0xc7 && $c <= 0xc9;
    refuse(3, 'S2: too many elements') if $n > 1 << 20;
    return [map { value(ord take(1), $depth + 1) } 1 .. $n] if $c >= 0x90 && $c < 0xa0 || $c == 0xdc || $c == 0xdd;
    my %map;
    for (1 .. $n) {
        my $key = value(ord take(1), $depth + 1);
        $key = text($key->{bin}) if ref $key eq 'HASH' && exists $key->{bin};
        refuse(3, 'S3: a key that is no text, or twice') if !defined $key || ref $key || exists $map{$key};
        $map{$key} = value(ord take(1), $depth + 1);
    }
    return ref $map{nd} eq 'SCALAR' && ${$map{nd}} ? to_array(\%map) : \%map;
}

sub text {
    my ($bytes) = @_;
    my $text = eval { Encode::decode('UTF-8', $bytes, Encode::FB_CROAK) };
    return $text // refuse(3, 'text that is no UTF-8');
}

# S8 to S11
sub to_array {
    my ($m) = @_;
    my $kind = ref $m->{kind} ? $m->{kind}{bin} : $m->{kind};
    my $type = $type{$m->{type} // ''};
    refuse(3, 'S8, S9: an array of an unknown kind or type') unless defined $kind && $kind eq '' && $type;
    refuse(3, 'S10: shape and data do not fit') unless ref $m->{shape} eq 'ARRAY' && ref $m->{data} eq 'HASH' && defined $m->{data}{bin};
    my $bytes = $type->[1];
    for my $n (@{$m->{shape}}) {
        refuse(3, 'S10: shape and data do not fit') unless defined $n && !ref $n && $n =~ /^\d+$/;
        $bytes *= $n;
    }
    refuse(3, 'S10: shape and data do not fit') unless $bytes == length $m->{data}{bin};
    return {shape => $m->{shape}, data => [unpack "$type->[0]*", $m->{data}{bin}]};
}

sub check_trailer {
    my ($m, $before) = @_;
    refuse(3, 'S19: the trailer does not fit the records')
        unless ref $m->{end} eq 'SCALAR' && ${$m->{end}} && defined $m->{records} && $m->{records} eq $count;
    refuse(3, 'S20: wrong checksum') unless defined $m->{crc32} && !ref $m->{crc32} && $m->{crc32} eq $before;
    refuse(3, 'S21: data follow the trailer') if read $file, my $more, 1;
}

my ($steps, $sum) = (0, 0);
if (@ARGV) { open $file, '<', $ARGV[0] or refuse(1, "$ARGV[0]: $!") }
binmode $file;
my $header = message();
refuse(3, 'S4: no header of a stream of version 1') unless ($header->{format} // '') eq 'dssm-stream' && ($header->{version} // '') eq '1';
while (1) {
    my $before = $crc;
    my $m = message();
    if (exists $m->{end}) { check_trailer($m, $before); last }
    refuse(3, 'S1, S12: a record without id, or a header before the trailer') if exists $m->{format} || !exists $m->{id};
    $count++;
    next unless $m->{x};
    $steps += $m->{x}{shape}[0];
    for my $v (@{$m->{x}{data}}) { $sum += $v if $v * 0 == 0 }    # neither NaN nor infinite
}
printf "records %d steps %d sum_x %.6f\n", $count, $steps, $sum;
