// Package elections holds the facts of published elections, for examples and tests that
// count them again. README.md has the formats and the sources.
package elections

import _ "embed"

// LaPrimaire2016 is laprimaire-2016-round1.csv.
//
//go:embed laprimaire-2016-round1.csv
var LaPrimaire2016 string

// Debian2005 is debian-2005-leader.txt.
//
//go:embed debian-2005-leader.txt
var Debian2005 string
