package tally

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNoFlippedBitPassesTheAudit flips bits all over a whole record.
func TestNoFlippedBitPassesTheAudit(t *testing.T) {
	p := base()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		size := len(p.files[name].Data)
		require.NotZero(t, size, name)
		for range min(size, 10) {
			at, bit := rng.IntN(size), rng.IntN(8)
			q := p.copy()
			q.alter(name, func(b []byte) []byte { b[at] ^= 1 << bit; return b })
			r, err := Audit(context.Background(), q.files, p.Manifest.ID(), accept)
			if err == nil {
				err = r.Err()
			}
			require.ErrorIs(t, err, ErrInvalid, "bit %d of byte %d of %s", bit, at, name)
		}
	}
}

// TestAttack27NoFileOfARecordIsShorterOrLonger cuts each file and adds to it.
func TestAttack27NoFileOfARecordIsShorterOrLonger(t *testing.T) {
	p := base()
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		size := len(p.files[name].Data)
		for _, length := range []int{0, 1, size / 2, size - 1, size + 1, size + 100} {
			q := p.copy()
			q.alter(name, func(b []byte) []byte { return append(b, make([]byte, 100)...)[:length] })
			r, err := Audit(context.Background(), q.files, p.Manifest.ID(), accept)
			if err == nil {
				err = r.Err()
			}
			require.ErrorIs(t, err, ErrInvalid, "%d of %d bytes of %s", length, size, name)
		}
	}
}
