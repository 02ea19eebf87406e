package transcript

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// ("e1", "23") is not ("e12", "3"): wherever a text is cut into labels, data and operations, the challenge is another.
func TestAttack27CutsAreInTheChallenge(t *testing.T) {
	const text = "e123:ab"
	seen := map[string]string{}
	fresh := func(name string, tr *Transcript) {
		c := string(tr.Challenge("c", 32))
		require.NotContains(t, seen, c, "%s and %s", name, seen[c])
		seen[c] = name
	}
	for i := range len(text) + 1 {
		tr := New("test")
		tr.Absorb(text[:i], []byte(text[i:]))
		fresh(fmt.Sprint("label to ", i), tr)
		for j := i; j <= len(text); j++ {
			tr := New("test")
			tr.Absorb("x", []byte(text[:i]))
			tr.Absorb("x", []byte(text[i:j]))
			tr.Absorb("x", []byte(text[j:]))
			fresh(fmt.Sprintf("data to %d and %d", i, j), tr)
		}
		fresh(fmt.Sprint("protocol to ", i), func() *Transcript {
			tr := New("test" + text[:i])
			tr.Absorb("x", []byte(text[i:]))
			return tr
		}())
		d := Digest("test", []byte(text[:i]), []byte(text[i:]))
		require.NotContains(t, seen, string(d[:]))
		seen[string(d[:])] = fmt.Sprint("digest to ", i)
	}
	// A number is eight bytes with its label, and no other eight bytes are that number under another operation.
	tr := New("test")
	tr.AbsorbUint64("n", 5)
	same := New("test")
	same.Absorb("n", []byte{0, 0, 0, 0, 0, 0, 0, 5})
	require.Equal(t, tr.Challenge("c", 32), same.Challenge("c", 32), "AbsorbUint64 is Absorb of eight bytes, as specified")
	short := New("test")
	short.Absorb("n", []byte{5})
	fresh("a short number", short)
}
