package tally

import "fmt"

// Link is the strength of a victory, or of a path of victories: the votes for it, and
// those against. Of two links the one with more votes for it is stronger, of two with equally many the
// one with fewer against. The zero Link is no victory.
type Link struct{ For, Against uint64 }

// Compare returns 1 if l is the stronger link, -1 if m is, and 0 if neither is.
func (l Link) Compare(m Link) int {
	switch {
	case l.For > m.For || l.For == m.For && l.Against < m.Against:
		return 1
	case l != m:
		return -1
	}
	return 0
}

// Schulze orders options by the Schulze method with winning votes: preferred[a][b] is the number, or
// weight, of the ballots that prefer option a to option b. It returns the places, best first,
// each with the options that share it by rising number.
//
// Option a is ranked above option b if the strongest path from a to b is stronger than that from b to a.
// The first place has the options above which none is ranked, the second those above which none is
// ranked but options of the first place, and so on. So an option that is above another has the
// better place, and no two of one place are above one another; two that tie may be in different
// places on account of others. docs/spec/tally.md, "Schulze".
//
// A matrix that is not square is ErrMalformed; its diagonal is not read.
func Schulze(preferred [][]uint64) ([][]int, error) {
	paths, err := StrongestPaths(preferred)
	if err != nil {
		return nil, err
	}
	var order [][]int
	placed := make([]bool, len(paths))
	for left := len(paths); left > 0; {
		var place []int
		for a := range paths {
			if !placed[a] && unbeaten(a, paths, placed) {
				place = append(place, a)
			}
		}
		for _, a := range place {
			placed[a] = true
		}
		left -= len(place) // at least 1: being above is transitive, so it has no cycle
		order = append(order, place)
	}
	return order, nil
}

// unbeaten reports that no option is above a, except those that are placed.
func unbeaten(a int, paths [][]Link, placed []bool) bool {
	for b := range paths {
		if !placed[b] && paths[b][a].Compare(paths[a][b]) > 0 {
			return false
		}
	}
	return true
}

// StrongestPaths returns the strength of the strongest path from each option to each other,
// where preferred is as Schulze takes it. There is a link from a to b if more ballots prefer a
// to b than b to a; a path is as strong as its weakest link. Without a path the
// strength is the zero Link. A matrix that is not square is ErrMalformed.
func StrongestPaths(preferred [][]uint64) ([][]Link, error) {
	paths := make([][]Link, len(preferred))
	for a, row := range preferred {
		if len(row) != len(preferred) {
			return nil, fmt.Errorf("tally: %w: row %d of a matrix of %d rows has %d entries", ErrMalformed, a+1, len(preferred), len(row))
		}
		paths[a] = make([]Link, len(row))
	}
	for a, row := range preferred {
		for b := range row {
			if a != b && row[b] > preferred[b][a] {
				paths[a][b] = Link{row[b], preferred[b][a]}
			}
		}
	}
	for via := range paths { // Floyd and Warshall, with max and min for min and plus
		for a := range paths {
			for b := range paths {
				if a == b {
					continue
				}
				detour := paths[a][via]
				if second := paths[via][b]; second.Compare(detour) < 0 {
					detour = second
				}
				if detour.Compare(paths[a][b]) > 0 {
					paths[a][b] = detour
				}
			}
		}
	}
	return paths, nil
}
