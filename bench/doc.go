// Command bench measures Scrutin and its peers side by side, in one run, and writes one table.
//
//	go run . -peers DIR                  all rows; writes RESULTS.md and samples.csv
//	go run . -peers DIR -rows membership rows whose names match a regular expression
//	go run . -quick -out /tmp/trial      small sizes and few samples
//	go run . -list                       the rows, and the benchmarks of the same paths
//
// setup.sh DIR installs the peers. One that is missing is a line in the table, and no error.
//
// A [row] is a piece of work; its sides do it, each in a process of its own ([serve]) that is set up
// and warmed up first. Then the sides take samples in turn, so that what else happens on the
// machine happens to all of them. README.md has the rules.
package main
