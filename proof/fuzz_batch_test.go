package proof

import (
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Any bytes of a claim are replaced: the verdict alone, first, last and in the middle of a batch is one.
func FuzzSingleAndBatchVerdictsAgree(f *testing.F) {
	d := newTrapdoor(inputsWeighted)
	vk := d.key(f)
	good, base := d.randomClaim(f), d.randomClaim(f)
	f.Add(uint16(0), []byte{1})
	f.Add(uint16(g1Size), []byte{0x80})
	f.Add(uint16(len(Proof{})), []byte{0xff, 0xff})
	f.Add(uint16(len(Proof{})+32), []byte{})
	f.Fuzz(func(t *testing.T, at uint16, data []byte) {
		c := base
		parts := [][]byte{c.Membership.Proof[:], c.Membership.Root[:], c.Membership.Nullifier[:], c.Scope[:], c.Message[:]}
		offset := int(at)
		for _, part := range parts {
			if offset < len(part) {
				for i := range min(len(data), len(part)-offset) {
					part[offset+i] ^= data[i]
				}
				offset = 0
				break
			}
			offset -= len(part)
		}
		c.Membership.Weight ^= uint64(offset)
		want := vk.Verify(&c)
		require.Equal(t, c == base, want == nil)
		batch := slices.Repeat([]Claim{c, good}, singleSize*runtime.GOMAXPROCS(0)) // groups large enough for one equation
		verdicts, err := vk.VerifyBatch(t.Context(), batch)
		require.NoError(t, err)
		require.Equal(t, slices.Repeat([]error{want, nil}, len(batch)/2), verdicts)
	})
}
