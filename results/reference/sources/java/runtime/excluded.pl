#!/usr/bin/perl
# jimage list --verbose MODULES | excluded.pl CLASSES
# Prints all classes and resources of the modules that CLASSES names, but for those that it keeps. jlink wants something
# of every package: of one without a class that is kept, the smallest thing stays.
use strict;
use warnings;

my (%kept, %named, $folder);
for (split "\n", do { local (@ARGV, $/) = shift @ARGV; <> }) {
    next if /^#/;
    $folder = $1 if s/^(\S+)://;
    $kept{"$folder/$_"} = 1 for split;
    $named{$1} = 1 if $folder =~ m|^([^/]+)|;
}

my ($module, %size);
while (<STDIN>) {
    $module = $1 if /^Module: (\S+)/;
    $size{"$module/$2"} = $1 if /^\s*\d+\s+(\d+)\s+\d+\s+(\S+)/ && $named{$module} && $2 ne "module-info.class";
}

sub folder { $_[0] =~ s|/[^/]+$||r }
sub is_kept { my $top = $_[0] =~ s/(\$.*)?\.class$//r; $top ne $_[0] && ($kept{$top} || $kept{folder($top) . "/*"}) }

my (%stays, %smallest);
$stays{folder($_)} = 1 for grep { is_kept($_) } keys %size;
for (sort { $size{$a} <=> $size{$b} || $a cmp $b } keys %size) {
    $smallest{folder($_)} //= $_ unless $stays{folder($_)} || m|/META-INF/|;
}
my %only = map { $_ => 1 } values %smallest;
print "/$_\n" for grep { !is_kept($_) && !$only{$_} } sort keys %size;
