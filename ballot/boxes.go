package ballot

import (
	"fmt"
	"slices"
)

// MaxBoxes is how many boxes an election may have.
const MaxBoxes = 16

// Logs returns what is fixed about the logs of all boxes: box number n, from 1, is at position
// n - 1. The first is Log.
func (m *Manifest) Logs() []LogInfo {
	return slices.Concat([]LogInfo{m.draft.Log}, m.draft.Boxes)
}

// Copies returns of how many boxes a voter needs a receipt for her ballot, 1 to the number of
// boxes: it is not lost as long as fewer of them lie or are missing from the record.
func (m *Manifest) Copies() int { return max(1, m.draft.Copies) }

// checkLogs checks Log, Boxes and Copies.
func (m *Manifest) checkLogs() error {
	boxes, copies := 1+len(m.draft.Boxes), m.draft.Copies
	switch {
	case boxes > MaxBoxes:
		return fmt.Errorf("%w: %d boxes, at most %d allowed", ErrMalformed, boxes, MaxBoxes)
	case boxes == 1 && copies != 0:
		return fmt.Errorf("%w: %d copies with one box, 0 wanted", ErrMalformed, copies)
	case boxes > 1 && (copies < 1 || copies > boxes):
		return fmt.Errorf("%w: %d copies, 1 to the number of boxes, %d, allowed", ErrMalformed, copies, boxes)
	}
	origins, keys := map[string]bool{}, map[string]bool{}
	for i, l := range m.Logs() {
		point, err := l.check()
		if err != nil && boxes > 1 {
			return fmt.Errorf("box %d: %w", i+1, err)
		} else if err != nil {
			return err
		}
		if origins[l.Origin] || keys[point] {
			return fmt.Errorf("%w: box %d: origin or key is used twice", ErrMalformed, i+1)
		}
		origins[l.Origin], keys[point] = true, true
	}
	return nil
}
